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
  { read -r pid since && read -r stat <"/proc/$pid/stat" && [ "$(started_at ${stat##*) })" = "$since" ] && kill -KILL "$pid"; } <"$folder/pid" 2>/dev/null || :
  wait || :
  rm -rf "$folder" '/var/lay ers'
}
by_hand() {
  echo 'By hand nobody keeps memory.max, pids.max.' >&2
  case $0 in /*) script=$0 ;; *) script=$here/$0 ;; esac
  around=/run/user/1000/namespace-sandboxes; mkdir -p "$around"
  [ -O "$around" ] && [ ! -L "$around" ] || { echo "$around is not yours." >&2; exit 1; }
  mkdir -m 711 "$folder"; trap clean_up EXIT; trap "exit 1" HUP INT TERM
  cd "$folder"; mkdir -p root scratch layers lower0 '/var/lay ers' '/var/lay ers/0' '/var/lay ers/0/upper' '/var/lay ers/0/work'
  chown -R 1000:1000 . '/var/lay ers'
  cp "$script" start.sh; chmod 644 start.sh; mkfifo said go; cd /
  sh "$folder/start.sh" <"$folder/go" >"$folder/said" & script=$!
  exec 4>"$folder/go" 5<"$folder/said"
  if read -r _ pid <&5; then
    printf '%s\n' '0 1000 1' >"/proc/$pid/uid_map"
    printf '%s\n' '0 1000 1' >"/proc/$pid/gid_map"
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
  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).
  exec setpriv --reuid 524288 --regid 524288 --clear-groups -- unshare --user --keep-caps --mount --propagation private --pid --fork --kill-child --uts --ipc --time --boottime 5 --monotonic 18446744073709551611 -- sh "$0" inside
  ;;
# Now the outside writes id maps and moves this process into its cgroup.
inside) read -r pid _ </proc/self/stat; gate "unshared $pid"; ;;
esac

# Its own names, uts_namespaces(7).
hostname review & naming=$!

# A private upper layer over the root file system: overlayfs (the kernel's overlayfs.rst).
printf '%s\n' "
/var/lay\040ers $folder/layers none bind,nosuid,nodev 0 0
/srv/a,b:c $folder/lower0 none bind,nosuid,nodev 0 0
overlay $root overlay lowerdir=/run/user/1000/namespace-sandboxes/review-1a2b/lower0,upperdir=/run/user/1000/namespace-sandboxes/review-1a2b/layers/0/upper,workdir=/run/user/1000/namespace-sandboxes/review-1a2b/layers/0/work,userxattr,nosuid,nodev,X-mount.mkdir 0 0
" >"$folder/scratch/fstab"
mount --all --fstab "$folder/scratch/fstab"
# A link in it must not lead a mount out of it.
for part in /data '/data/a b' '/data/a b/file' /dev /dev/null /etc /etc/ld.so.preload /home /home/u '/home/u/my project' /run /run/tools; do
  [ ! -L "$root$part" ] || { echo "refused: $part" >&2; exit 1; }
done
# Nor may it name a library that ld.so(8) loads into the host's tools while they still have every capability. Where that
# file can be made it is hidden, and its folder is a mount, so that neither can be moved away; otherwise nobody inside can.
pinned='' preload=$root/etc/ld.so.preload
if mkdir -p "${preload%/*}"; then
  pinned="${preload%/*} ${preload%/*} none bind,rw,nosuid,nodev 0 0"
  if [ -e "$preload" ] || true >>"$preload"; then pinned="$pinned
/dev/null $preload none bind,ro,nosuid,noexec 0 0"; fi
fi

# Its own view of the file system, mount_namespaces(7), as a table that mount(8) takes.
printf '%s\n' "
/home/u/my\040project $root/home/u/my\040project none rbind,rw,nosuid,nodev,X-mount.mkdir 0 0
tmpfs $root/run/tools tmpfs nosuid,nodev,mode=755,X-mount.mkdir 0 0
" >"$folder/scratch/fstab"
mount --all --fstab "$folder/scratch/fstab"
cp -P --parents /dev/fd "$root/"
cd "$root"; mkdir -p './data/a b'; cd /
for file in /dev/null '/data/a b/file'; do : >>"$root$file"; done
printf '%s\n' "
$pinned
/dev/null $root/dev/null none bind,nosuid,noexec 0 0
/srv/file $root/data/a\040b/file none bind,ro,nosuid,nodev 0 0
none $root/run/tools none remount,bind,ro,nosuid,nodev 0 0
" >"$folder/scratch/fstab"
mount --all --fstab "$folder/scratch/fstab"

# What the kernel really mounted, proc_pid_mountinfo(5): all of it nosuid, and read-only but for these.
read_back() {
  target=$5 options=,$6,
  case $target in "$root" | "$root"/*) ;; *) return ;; esac
  case $options in *,nosuid,*) ;; *) echo "refused: $target is not nosuid" >&2; exit 1 ;; esac
  case $options in *,ro,*) return ;; esac
  case ${target#"$root"} in
  '/data/a\040b/file' | /run/tools) ;;
  '' | /etc | '/home/u/my\040project' | /dev/null) return ;;
  '/home/u/my\040project'/*) return ;;
  esac
  echo "refused: $target is not read-only" >&2; exit 1
}
mounts=$(cat /proc/self/mountinfo)
IFS='
'; set -f
{ for line in $mounts; do IFS=' '; read_back $line; done
for target in '/data/a\040b/file' /run/tools; do
  case $mounts in *" $root$target ro,"*) ;; *) echo "refused: $target is not mounted read-only" >&2; exit 1 ;; esac
done
} & checking=$!
unset IFS; set +f

wait "$naming"
mkfifo "$folder/scratch/alive"; exec 3<>"$folder/scratch/alive"
# The new root, pivot_root(2), and the old one detached: nothing of the host is left to walk back to.
cd "$root"; pivot_root . .
/usr/bin/umount -n -i -l .; cd /
wait "$checking"

# The root of its cgroup namespace is the cgroup that it is in now, cgroup_namespaces(7).
# PID 1, pid_namespaces(7), confined: capabilities(7), no_new_privs, seccomp(2). Whole at the second gate;
# then it waits until it is killed, and takes every process with it.
exec /usr/bin/unshare --cgroup -- /usr/bin/setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all -- /usr/bin/perl -fXTUe 'open F,"<:raw",shift and defined read F,$f,-s F or die "seccomp: $!\n"; close F; syscall(157,22,2,pack "Sx![J]P",length($f)/8,$f)==0 or die "seccomp: $!\n"; exec {$ARGV[0]} @ARGV; die "$ARGV[0]: $!\n"' /run/namespace-sandboxes/seccomp.bpf \
  /usr/bin/sh -c 'trap child=y CHLD; echo ready; read -r _; exec >/dev/null 2>&1; exec <&3 3<&-; while child=; do read -r _ || [ "$child" ] || exit; wait; done' namespace-sandboxes:review-1a2b
