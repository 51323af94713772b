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
  echo 'By hand nobody keeps memory.max, pids.max.' >&2; exit 1
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
    newuidmap "$pid" 1234 1000 1 0 100000 1234; newgidmap "$pid" 1234 1000 1 0 100000 1234
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
gate
root
hostname review
loopback
write /proc/sys/user/max_inotify_instances 64
write /proc/sys/user/max_net_namespaces 256
cgroup
mark namespace-sandboxes:review-1a2b
keep 0,1,3,4,5,6,7,8,10,13,18,31
user 1234 1235 1 1
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
  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).
  # A command in the background has no input of its own, sh(1): so the gates are handed on under another number.
  exec 6<&0
  unshare --user --keep-caps --mount --propagation private --pid --fork --kill-child --uts --ipc --net --time --boottime 5 --monotonic -5 -- perl -fe 'eval $ENV{program}; die $@' inside "$@" <&6 6<&- & made=$!
  # It ends with its launcher: this process waits for that outside, where nothing that runs inside can hold it up.
  exec </dev/null >&0 6<&-
  ended=; trap ended=y CHLD
  if [ -e /proc/$$/fd/3 ]; then read -r _ <&3 || [ "$ended" ] || kill -KILL "$made"; fi
  wait "$made" || wait "$made" || exit
  exit
  ;;
esac
