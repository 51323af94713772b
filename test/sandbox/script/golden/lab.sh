#!/bin/sh
# The lab of /ws/.vscode/sandboxes.json: networks between its sandboxes, without root.
set -eu; umask 022; cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
folder=/run/user/1000/namespace-sandboxes/.labs/ws-0a1b2c

# A gate says where the script is and waits for the launcher; end of file ends it.
gate() { echo "$1"; read -r _; }
# A process is there if it is still the one that it was and has not ended: proc_pid_stat(5), fields 3 and 22.
started_at() { [ "$1" != Z ] || return; shift 19; started=$1; }
is_since() { read -r stat <"/proc/$1/stat" && started_at ${stat##*) } && [ "$started" = "$2" ]; }
is_there() { read -r pid since <"$folder/hub/pid" && is_since "$pid" "$since"; } 2>/dev/null
is_out() { read -r way begun <"$folder/hub/way-out" && is_since "$way" "$begun"; } 2>/dev/null

case ${1-} in
'')
  # What its opener has open beside that does not stay open, proc_pid_fdinfo(5).
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
  # One start at a time. The hub ends when nobody has the second lock any more: this script, and then each sandbox, flock(2).
  exec 7>>"$folder/starting" 8>>"$folder/alive"
  flock --shared 8 & flock 7; wait $!
  if ! is_there; then
    # The namespaces of the hub: those of its sandboxes are made in its user namespace, so that root of it may connect them.
    # What leads out of one that was killed ends with it, also where nobody waits for that.
    ! is_out || kill "$way"
    rm -f "$folder/hub/pid" "$folder/hub/way-out" "$folder/said" "$folder/go"; mkfifo -m 600 "$folder/said" "$folder/go"
    setsid unshare --user --map-root-user --net -- sh "$0" hub <"$folder/go" >"$folder/said" 7>&- 8>&- &
    exec 3>"$folder/go" 4<"$folder/said"; rm -f "$folder/said" "$folder/go"; read -r pid <&4
    echo go >&3; read -r _ <&4; exec 3>&- 4<&-; is_there
  fi
  echo "lab $pid $since"; read -r networks
  in_hub() { nsenter --target "$pid" --user --net --preserve-credentials -- sh "$0" "$@"; }
  [ ! "$networks" ] || in_hub networks $networks
  [ ! "$networks" ] || gate made
  exec 7>&-; read -r _ ;;
# In the hub, as root of it. It passes nothing on by itself, ip(7), ipv6(7), and takes no routes from anybody. It waits until nobody
# has the lock, and ends. Who must not outlast it waits for a lock of its own.
hub)
  read -r pid _ </proc/self/stat; echo "$pid"; read -r _; ip link set lo up
  echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
  echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra
  rm -f "$folder/hub/there"; exec 9>"$folder/hub/there"; flock 9
  read -r stat </proc/self/stat; started_at ${stat##*) }; echo "$pid $started" >"$folder/hub/pid"; echo up
  exec </dev/null >/dev/null 2>&1; exec flock "$folder/alive" rm -f "$folder/hub/pid" ;;
# A bridge for each network, ip-link(8). The hub has an address only in one that it leads out of.
networks)
  shift
  lines=$(for network do case $network in
    lab) ip link show dev lab >/dev/null 2>&1 || printf '%s\n' 'link add name lab type bridge' 'link set dev lab addrgenmode none up' ;;
    dmz) ip link show dev dmz >/dev/null 2>&1 || printf '%s\n' 'link add name dmz mtu 9000 type bridge' 'link set dev dmz addrgenmode none up' ;;
    *) echo "This script has no network $network." >&2; exit 1 ;;
  esac; done); printf '%s\n' "$lines" | ip -batch - ;;
*) echo "This script has no part $1." >&2; exit 1 ;;
esac
