#!/bin/sh
# Sandbox review-1a2b, from the profile "review".
set -eu; umask 022; here=$PWD; cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
folder=/run/user/1000/namespace-sandboxes/review-1a2b; root=$folder/root

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
  echo "By hand nobody connects a sandbox to its lab." >&2; exit 1
  echo 'By hand nobody keeps memory.max, pids.max.' >&2; exit 1
  case $0 in /*) script=$0 ;; *) script=$here/$0 ;; esac
  around=/run/user/1000/namespace-sandboxes; mkdir -p "$around"
  [ -O "$around" ] && [ ! -L "$around" ] || { echo "$around is not yours." >&2; exit 1; }
  mkdir -m 711 "$folder"; trap clean_up EXIT; trap "exit 1" HUP INT TERM
  cd "$folder"; mkdir -p root scratch held
  mkdir -p /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none; cd /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root
  mkdir -p ./usr './home/u/my project' ./dev ./tmp
  for file in ./dev/null; do : >"$file"; done
  ln -s usr/bin ./bin
  cd "$folder"
  chown -R 1000:1000 .
  cp "$script" start.sh; chmod 644 start.sh; mkfifo said go; cd /
  give_ids() {
    printf '%s\n' '0 1000 1' >"/proc/$pid/uid_map"
    printf '%s\n' '0 1000 1' >"/proc/$pid/gid_map"
    echo go >&4; read -r _ pid <&5
  }
  sh "$folder/start.sh" <"$folder/go" >"$folder/said" & script=$!
  exec 4>"$folder/go" 5<"$folder/said"
  if read -r _ pid <&5 && give_ids; then
    read -r stat <"/proc/$pid/stat"; echo "$pid $(started_at ${stat##*) })" >"$folder/pid"
    echo go >&4
    ! read -r _ <&5 || { echo go >&4; echo "It runs. Enter it with join.sh; an empty line here ends it." >&2; read -r _ || :; }
  fi
  exit
}

case ${1-} in
'' | by-hand)
  if [ -n "${1-}" ] || [ -t 0 ]; then by_hand; fi
  # Of what its opener has open, the three standard streams go inside and nothing else: proc_pid_fdinfo(5).
  handed_on() {
    value=; while read -r key value; do [ "$key" != flags: ] || break; done
    case $value in 0[2367]?????? | "") return 1 ;; esac
  }
  for fd in /proc/$$/fd/*; do
    fd=${fd##*/}
    case $fd in 0 | 1 | 2) continue ;; esac
    [ -e "/proc/$$/fdinfo/$fd" ] && handed_on <"/proc/$$/fdinfo/$fd" || continue
    [ "$fd" -lt 10 ] || [ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
    eval "exec $fd>&-"
  done
  lab=/run/user/1000/namespace-sandboxes/.labs/ws-0a1b2c; ended() { echo 'The lab has ended.' >&2; exit 1; }
  # The hub ends when nobody has this lock any more, flock(2).
  exec 8>>"$lab/alive"; flock --shared --nonblock 8 & locking=$!
  is_since() { shift 19; [ "$1" = "$since" ]; }
  read -r hub since <"$lab/hub/pid" && read -r stat <"/proc/$hub/stat" && is_since ${stat##*) } || ended
  # What will connect it waits in the hub until there is a network namespace.
  mkfifo -m 600 "$folder/joining" "$folder/joined"; exec 7<>"$folder/joining"; wait "$locking" || ended
  { exec 7>&- 8>&-; rm -f "$folder/joining" "$folder/joined"; exec setpriv --reuid 524288 --regid 524288 --clear-groups -- nsenter --target "$hub" --preserve-credentials --user --net sh "$0" lab; } <"$folder/joining" >"$folder/joined" &
  exec 9<"$folder/joined"
  # An outer user and mount namespace first: all that the sandbox has will be owned by an inner one, user_namespaces(7).
  exec setpriv --reuid 524288 --regid 524288 --clear-groups -- nsenter --target "$hub" --preserve-credentials --user -- unshare --user --keep-caps --mount --propagation private -- sh "$0" outer
  ;;
# What is shown of this machine is mounted here, where root inside has no rights: what is copied from here into the mount
# namespace of another user namespace stays together and keeps its flags, mount_namespaces(7).
outer)
  read -r pid _ </proc/self/stat; gate "outer $pid"
  printf '%s\n' "
/usr $folder/held/0 none rbind,ro,nosuid,nodev,X-mount.mkdir 0 0
/home/u/my\040project $folder/held/1 none rbind,rw,nosuid,nodev,X-mount.mkdir 0 0
" >"$folder/scratch/fstab"
  mount --all --fstab "$folder/scratch/fstab"
  # The inner user namespace has the same ids. Only a process of this one may write its maps, user_namespaces(7); then it says so.
  mkfifo -m 600 "$folder/scratch/ids"; exec 6<>"$folder/scratch/ids"
  {
    exec 6>&-; read -r pid || exit
    printf '%s\n' '0 0 1' >"/proc/$pid/uid_map" && printf '%s\n' '0 0 1' >"/proc/$pid/gid_map" && echo "unshared $pid" || echo refused
  } <"$folder/scratch/ids" &
  exec unshare --user --keep-caps --mount --propagation private --pid --fork --kill-child --uts --ipc --net --time --boottime 0 --monotonic 0 -- sh "$0" inside ;;
# In the hub of the lab, as root of it: one end of each pair into a bridge, the other one into the sandbox, veth(4).
lab)
  read -r pid || exit 0
  printf '%s\n' "link add name _$pid.0 type veth peer name eth0 address 02:4b:8d:d3:f8:2f netns $pid" "link set dev _$pid.0 master lab addrgenmode none up" "link add name _$pid.1 mtu 9000 type veth peer name dmz address 02:89:df:87:41:84 mtu 9000 netns $pid" "link set dev _$pid.1 master dmz addrgenmode none up" "link set dev _$pid.1 type bridge_slave isolated on" | ip -batch - >&2
  printf '%s\n' "qdisc add dev _$pid.1 root handle 1: netem delay 20ms loss 1% limit 10000" "qdisc add dev _$pid.1 parent 1:1 tbf rate 10mbit burst 32768 latency 50ms" | tc -batch - >&2
  echo joined; exit ;;
# Now the outside writes id maps and moves this process into its cgroup.
inside) read -r pid _ </proc/self/stat; echo "$pid" >&6; exec 6>&-; read -r _; echo "$pid" >&7; exec 7>&- 8>&-; ;;
esac

# Its own names, uts_namespaces(7).
hostname review & naming=$!
# A loopback device that is up, network_namespaces(7).
# Its links into the lab as soon as they are there, ip-address(8).
{ read -r _ <&9 || { echo 'no lab' >&2; exit 1; }
  printf '%s\n' 'link set dev lo up' 'link set dev eth0 up' 'addr add 10.0.0.1/24 dev eth0' 'addr add fd00::1/64 dev eth0 nodad' 'link set dev dmz up' 'addr add 10.1.0.1/24 dev dmz' 'route add default via 10.0.0.254 dev eth0' | ip -batch -; } & linking=$!
exec 9<&-
# It passes packets on from one network to another: ip(7), ipv6(7).
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

# Its own view of the file system, mount_namespaces(7), as a table that mount(8) takes.
printf '%s\n' "
overlay $root overlay lowerdir=/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root:/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none,userxattr,ro,nosuid,nodev 0 0
/run/user/1000/namespace-sandboxes/review-1a2b/held/0 $root/usr none rbind,X-mount.mkdir 0 0
tmpfs $root/tmp tmpfs nosuid,nodev,mode=1777,X-mount.mkdir 0 0
/run/user/1000/namespace-sandboxes/review-1a2b/held/1 $root/home/u/my\040project none rbind,X-mount.mkdir 0 0
/dev/null $root/dev/null none bind,nosuid,noexec 0 0
" >"$folder/scratch/fstab"
mount --all --fstab "$folder/scratch/fstab"

# What the kernel really mounted, proc_pid_mountinfo(5): all of it nosuid, and read-only but for these.
read_back() {
  target=$5 options=,$6,
  case $target in "$root" | "$root"/*) ;; *) return ;; esac
  case $options in *,nosuid,*) ;; *) echo "refused: $target is not nosuid" >&2; exit 1 ;; esac
  case $options in *,ro,*) return ;; esac
  case ${target#"$root"} in
  '' | /usr) ;;
  /tmp | '/home/u/my\040project' | /dev/null) return ;;
  '/home/u/my\040project'/*) return ;;
  esac
  echo "refused: $target is not read-only" >&2; exit 1
}
mounts=$(cat /proc/self/mountinfo)
IFS='
'; set -f
{ for line in $mounts; do IFS=' '; read_back $line; done
for target in '' /usr; do
  case $mounts in *" $root$target ro,"*) ;; *) echo "refused: $target is not mounted read-only" >&2; exit 1 ;; esac
done
} & checking=$!
unset IFS; set +f

wait "$naming"
wait "$linking"
# The new root, pivot_root(2), and the old one detached: nothing of the host is left to walk back to.
cd "$root"; pivot_root . .
/usr/bin/umount -n -i -l .; cd /
wait "$checking"

# The root of its cgroup namespace is the cgroup that it is in now, cgroup_namespaces(7).
# PID 1, pid_namespaces(7), confined: capabilities(7), no_new_privs, seccomp(2). Whole at the second gate;
# then it waits, ends with its launcher, and takes every process with it.
exec /usr/bin/unshare --cgroup -- /usr/bin/setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+net_bind_service,+net_raw,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot --no-new-privs --inh-caps=-all --ambient-caps=-all --seccomp-filter=/.seccomp.bpf -- \
  /usr/bin/sh -c 'trap child=y CHLD; echo ready; read -r _; exec >/dev/null 2>&1; while child=; do read -r _ || [ "$child" ] || exit; wait; done' namespace-sandboxes:review-1a2b
