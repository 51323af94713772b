#!/bin/sh
# Sandbox review-1a2b, from the profile "review".
set -eu; umask 022; cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
folder=/run/user/1000/namespace-sandboxes/review-1a2b; root=$folder/root

# A gate says where the script is and waits for the launcher; end of file ends it. By hand, on a terminal, gates are open.
gate() { [ -t 0 ] || { echo "$1"; read -r _; }; }

case ${1-} in
'')
  # By hand, the folders that the launcher makes otherwise.
  [ ! -t 0 ] || (
    mkdir -p "$folder"; cd "$folder"; mkdir -p root scratch lower /var/layers /var/layers/upper /var/layers/work
  )
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
  exec setpriv --reuid 524288 --regid 524288 --clear-groups -- unshare --user --keep-caps --mount --propagation private --pid --fork --kill-child --uts --ipc --time --boottime 5 --monotonic -5 -- sh "$0" inside
  ;;
# Now the outside writes id maps and moves this process into its cgroup; then comes cgroup_namespaces(7).
inside) read -r pid _ </proc/self/stat; gate "unshared $pid"; exec unshare --cgroup -- sh "$0" rooted ;;
esac

# Its own names, uts_namespaces(7).
hostname review & naming=$!

# A private upper layer over the root file system: overlayfs (the kernel's overlayfs.rst).
mount --bind /srv/a,b:c "$folder/lower"
layers=/var/layers
mount -t overlay -o "lowerdir=$folder/lower,upperdir=$layers/upper,workdir=$layers/work,userxattr,nosuid,nodev" overlay "$root"
# A link in it must not lead a mount out of it.
for part in /data '/data/a b' '/data/a b/file' /dev /dev/null /home /home/u '/home/u/my project' /run /run/tools; do
  [ ! -L "$root$part" ] || { echo "refused: $part" >&2; exit 1; }
done

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
  '' | '/home/u/my\040project' | /dev/null) return ;;
  '/home/u/my\040project'/*) return ;;
  esac
  echo "refused: $target is not read-only" >&2; exit 1
}
mounts=$(cat /proc/self/mountinfo)
IFS='
'; set -f
for line in $mounts; do IFS=' '; read_back $line; done
unset IFS; set +f

wait "$naming"
mkfifo "$folder/scratch/alive"; exec 3<>"$folder/scratch/alive"
# The new root, pivot_root(2), and the old one detached: nothing of the host is left to walk back to.
cd "$root"; pivot_root . .
/usr/bin/umount -n -l .; cd /

# PID 1, pid_namespaces(7), confined: capabilities(7), no_new_privs. At the second gate the sandbox is whole;
# then it waits until it is killed, and takes every process with it.
exec /usr/bin/setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all -- \
  /usr/bin/sh -c 'trap child=y CHLD; [ -t 0 ] || { echo ready; read -r _; }; exec >/dev/null 2>&1; exec <&3 3<&-; while child=; do read -r _ || [ "$child" ] || exit; wait; done' namespace-sandboxes:review-1a2b
