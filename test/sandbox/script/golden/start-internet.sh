#!/bin/sh
# Sandbox review-1a2b, from the profile "review".
set -eu; umask 022; here=$PWD; cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERLIO PERL_UNICODE PERL_SIGNALS
folder=/run/user/1000/namespace-sandboxes/review-1a2b

# A gate says where the script is and waits for the launcher; end of file ends it.
gate() { echo "$1"; read -r _; }

# By hand, in a plain shell: sh start.sh. This is what the launcher does otherwise.
started_at() { shift 19; echo "$1"; }
clean_up() {
  trap '' HUP INT TERM; exec 4>&-
  wait || :
  rm -rf "$folder"
}
by_hand() {
  echo 'By hand nobody keeps memory.max, pids.max.' >&2
  case $0 in /*) script=$0 ;; *) script=$here/$0 ;; esac
  around=/run/user/1000/namespace-sandboxes; mkdir -p "$around"
  [ -O "$around" ] && [ ! -L "$around" ] || { echo "$around is not yours." >&2; exit 1; }
  mkdir -m 711 "$folder"; trap clean_up EXIT; trap "exit 1" HUP INT TERM
  cd "$folder"; mkdir -p root scratch
  mkdir -p /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none; cd /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root
  mkdir -p ./usr './home/u/my project' ./dev ./tmp
  for file in ./dev/null; do : >"$file"; done
  ln -s usr/bin ./bin
  cd "$folder"
  cp "$script" start.sh; chmod 644 start.sh; mkfifo said go; cd /
  sh "$folder/start.sh" <"$folder/go" >"$folder/said" 3<&- & script=$!
  exec 4>"$folder/go" 5<"$folder/said"
  if read -r _ pid <&5; then
    read -r stat <"/proc/$pid/stat"; since=$(started_at ${stat##*) }); echo go >&4
    # Nobody enters before it is whole: until then the mounts are those of this machine.
    ! read -r _ <&5 || { echo "$pid $since" >"$folder/pid"; echo go >&4; echo "It runs. Enter it with join.sh; an empty line here ends it." >&2; read -r _ || :; }
  fi
  exit
}

# What is mounted, confined and waited for inside: one program, perl(1), the same for every sandbox.
program=…
# The numbers of the system calls of this machine.
numbers='brk=12 capset=126 clone=56 close=3 close_range=436 dup3=292 execve=59 exit=60 exit_group=231 fchdir=81 fcntl=72 fsconfig=431 fsmount=432 fsopen=430 ioctl=16 keyctl=250 landlock_add_rule=445 landlock_create_ruleset=444 landlock_restrict_self=446 madvise=28 mkdirat=258 mmap=9 mount_setattr=442 move_mount=429 mremap=25 munmap=11 open_tree=428 openat=257 openat2=437 pivot_root=155 poll=7 ppoll=271 prctl=157 prlimit64=302 pselect6=270 read=0 restart_syscall=219 rt_sigprocmask=14 rt_sigreturn=15 select=23 setdomainname=171 setgroups=116 sethostname=170 setns=308 setresgid=119 setresuid=117 setsid=112 signalfd4=289 symlinkat=266 umount2=166 unlinkat=263 unshare=272 wait4=61 write=1 O_DIRECTORY=65536 O_NOFOLLOW=131072 arch=3221225534'
export inside_facts='
folder /run/user/1000/namespace-sandboxes/review-1a2b
hostname review
write /proc/sys/user/max_inotify_instances 64
write /proc/sys/user/max_net_namespaces 256
cgroup
mark namespace-sandboxes:review-1a2b
keep 0,1,3,4,5,6,7,8,10,18,31
user 0 0 0 0
no_new_privs
filter /home/u/.local/state/namespace-sandboxes/seccomp/ab12.bpf
handled 4
landlock 4 /my\040data
cwd /home/u/my\040project
shell /bin/zsh
shell /bin/sh
'
export inside_table_0='
overlay / overlay lowerdir=/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root:/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none,userxattr,ro,nosuid,nodev 0 0
/usr /usr none rbind,ro,nosuid,nodev 0 0
tmpfs /tmp tmpfs nosuid,nodev,mode=1777 0 0
/home/u/my\040project /home/u/my\040project none rbind,rw,nosuid,nodev 0 0
/.envrc\012/to\134\040ols\012 /run/.git-placeholders none x-text 0 0
/dev/null /dev/null none bind,nosuid,noexec 0 0
'
export program numbers

case ${1-} in
'' | by-hand | run)
  if [ "${1-}" != run ] && { [ -n "${1-}" ] || [ -t 0 ]; }; then by_hand; fi
  # What its opener has open beside that does not stay open, proc_pid_fdinfo(5).
  handed_on() {
    value=; while read -r key value; do [ "$key" != flags: ] || break; done
    case $value in 0[2367]?????? | "") return 1 ;; esac
  }
  for fd in /proc/$$/fd/*; do
    fd=${fd##*/}
    case $fd in 0 | 1 | 2 | 3 | 20 | 21 | 22) continue ;; esac
    [ -e "/proc/$$/fdinfo/$fd" ] && handed_on <"/proc/$$/fdinfo/$fd" || continue
    [ "$fd" -lt 10 ] || continue
    eval "exec $fd>&-"
  done
  if [ "${1-}" = run ]; then shift; set -- -- "$@"; else set --; fi
  # What will connect it to the internet starts outside, and ends when the pipe to it is closed: fifo(7).
  mkfifo -m 600 "$folder/lifeline" "$folder/answer"; exec 4<>"$folder/lifeline"
  { exec 4>&-; rm -f "$folder/lifeline" "$folder/answer"; exec sh "$0" network; } <"$folder/lifeline" >"$folder/answer" &
  exec 5<"$folder/answer"
  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).
  # A command in the background has no input of its own, sh(1): so the gates are handed on under another number.
  exec 6<&0
  unshare --user --map-root-user --mount --propagation private --pid --fork --kill-child --uts --ipc --net --time --boottime 0 --monotonic 0 -- sh "$0" inside "$@" <&6 6<&- & made=$!
  # It ends with its launcher: this process waits for that outside, where nothing that runs inside can hold it up.
  exec </dev/null >&0 6<&- 4>&- 5<&-
  ended=; trap ended=y CHLD
  if [ -e /proc/$$/fd/3 ]; then read -r _ <&3 || [ "$ended" ] || kill -KILL "$made"; fi
  wait "$made" || wait "$made" || exit
  exit
  ;;
# The way to the internet, without root: pasta(1) carries packets of the sandbox through sockets of an ordinary user.
network)
  read -r pid || exit 0; exec 6<&0
  /usr/bin/pasta --quiet --config-net --no-map-gw --host-lo-to-ns-lo --dns-forward 192.0.2.53 --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none --pid /proc/self/fd/1 "$pid" 6<&- | {
    read -r pasta || { echo 'no network' >&2; exit 1; }
    { echo "$pasta" >"$folder/scratch/way-out.pid"; } 2>/dev/null || :
    trap "" PIPE; echo up || :; exec >/dev/null 2>&1
    read -r _ <&6 || read -r name <"/proc/$pasta/comm" || exit 0
    case $name in pasta* | passt*) kill "$pasta" ;; esac
  } &
  exit ;;
# Now the outside writes id maps and moves this process into its cgroup.
inside)
  shift; read -r pid _ </proc/self/stat
  gate "unshared $pid"; echo "$pid" >&4; exec 4>&-;
# A loopback device that is up, network_namespaces(7).
ip link set lo up & linking=$!
# Nothing of this machine, its links or a metadata address can be asked: nft(8). Without net_admin and net_raw nobody inside gets past.
nft -f - <<'END' & filtering=$!
table inet sandbox {
  set near { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, 255.255.255.255, 100.100.100.200, 192.0.0.192, 168.63.129.16, 192.168.1.7/24, 192.168.1.1 } }
  set near6 { type ipv6_addr; flags interval; auto-merge; elements = { fe80::/10, ff00::/8, fd00:ec2::254, fe80::1/64, ::/96, ::ffff:0:0/96, ::ffff:0:0:0/96, 64:ff9b:1::/48, 2001::/32, 64:ff9b::/104, 64:ff9b::7f00:0/104, 64:ff9b::a9fe:0/112, 64:ff9b::e000:0/100, 64:ff9b::ffff:ffff/128, 64:ff9b::6464:64c8/128, 64:ff9b::c000:c0/128, 64:ff9b::a83f:8110/128, 64:ff9b::c0a8:100/120, 64:ff9b::c0a8:101/128, 2002::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:e000::/20, 2002:ffff:ffff::/48, 2002:6464:64c8::/48, 2002:c000:c0::/48, 2002:a83f:8110::/48, 2002:c0a8:100::/40, 2002:c0a8:101::/48 } }
  chain out {
    type filter hook output priority filter;
    oifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
    ip daddr @near goto refused
    ip6 daddr @near6 goto refused
  }
  chain refused {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
}
END
# ping(8) without net_raw: icmp(7).
echo '0 0' >/proc/sys/net/ipv4/ping_group_range
# Names are asked of an address that the way out turns into the machine's own resolver: resolv.conf(5).
printf '%s\n' 'nameserver 192.0.2.53' 'search example.org' >"$folder/scratch/resolv.conf"
  wait "$linking"
  wait "$filtering"; read -r _ <&5; exec 5<&-
  exec perl -fe 'eval $ENV{program}; die $@' inside "$@" ;;
esac
