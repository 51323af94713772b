#!/bin/sh
# enter PID STARTED TYPE:INODE…: a root shell in those namespaces of a process that are not the machine's own, nsenter(1). STARTED is field 22 of its stat,
# proc_pid_stat(5). An empty INODE is one that the caller could not see. Installed, this file is root's and the caller cannot
# change it. It ends in an exec, so that nothing of it stays beside the shell; a Node would stay, as root, between terminal and shell.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH

refuse() { echo "$1" >&2; exit 125; }
is_number() { case $1 in '' | *[!0-9]* | ??????????????????????*) return 1 ;; esac; }
started_at() { shift 19; echo "$1"; }

[ $# -ge 3 ] || refuse 'enter PID STARTED TYPE:INODE…'
pid=$1; started=$2; shift 2
is_number "$pid" && is_number "$started" || refuse 'PID and STARTED must be numbers.'

# Each namespace is opened once: what was looked at is what is entered, whatever becomes of the process.
hold() {
  case $1 in
    user) exec 3<"$2" ;;
    mnt) exec 4<"$2" ;;
    pid) exec 5<"$2" ;;
    net) exec 6<"$2" ;;
    ipc) exec 7<"$2" ;;
    uts) exec 8<"$2" ;;
    cgroup) exec 9<"$2" ;;
  esac
}
number_of() { case $1 in user) echo 3 ;; mnt) echo 4 ;; pid) echo 5 ;; net) echo 6 ;; ipc) echo 7 ;; uts) echo 8 ;; cgroup) echo 9 ;; esac; }

options='' types=''
for one; do
  type=${one%%:*}; inode=${one#*:}
  case $type in user | mnt | pid | net | ipc | uts | cgroup | time) ;; *) refuse "There is no namespace of type $type." ;; esac
  [ "$inode" = '' ] || is_number "$inode" || refuse 'INODE must be a number.'
  case " $types " in *" $type "*) refuse "The type $type stands twice." ;; esac
  path=/proc/$pid/ns/$type
  [ -e "$path" ] || refuse "Process $pid has ended."
  [ "$(readlink "$path")" != "$(readlink "/proc/self/ns/$type")" ] || continue
  # sh(1) knows descriptors of one digit, so that the clocks, which are the least to be mistaken in, are entered by their path.
  if [ "$type" != time ]; then hold "$type" "$path"; path=/proc/self/fd/$(number_of "$type"); fi
  [ "$inode" = '' ] || [ "$(readlink "$path")" = "$type:[$inode]" ] || refuse "Process $pid is in another $type namespace now."
  name=$type
  [ "$type" != mnt ] || name=mount
  options="$options --$name=$path"; types="$types $type"
done

[ "$options" != '' ] || refuse "Process $pid is in no other namespace than this shell would be."

# Only now: whose namespaces these are. A number that is used again has another start.
read -r stat 2>/dev/null <"/proc/$pid/stat" || refuse "Process $pid has ended."
# shellcheck disable=SC2086
[ "$(started_at ${stat##*) })" = "$started" ] || refuse "Process $pid has ended."

# With the machine's own files, /proc is mounted anew, so that ps(1) shows the processes that were entered.
around=''
case " $types " in *' mnt '*) ;; *' pid '*) around='unshare --mount --mount-proc' ;; esac
shell='exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
for shell in /bin/bash /usr/bin/bash /bin/ash; do [ ! -x "$shell" ] || exec "$shell"; done; exec /bin/sh'
# shellcheck disable=SC2086
exec env -i PATH="/usr/local/sbin:/usr/local/bin:$PATH" HOME=/ TERM="${TERM:-xterm}" LANG=C.UTF-8 nsenter $options -- $around /bin/sh -c "$shell"
