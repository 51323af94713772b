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
    ! is_out || setpriv --reuid 524288 --regid 524288 --clear-groups -- sh -c 'kill "$1"' sh "$way"
    rm -f "$folder/hub/pid" "$folder/hub/way-out" "$folder/said" "$folder/go"; mkfifo -m 600 "$folder/said" "$folder/go"
    setsid setpriv --reuid 524288 --regid 524288 --clear-groups -- unshare --user --keep-caps --net -- sh "$0" hub <"$folder/go" >"$folder/said" 7>&- 8>&- &
    exec 3>"$folder/go" 4<"$folder/said"; rm -f "$folder/said" "$folder/go"; read -r pid <&4
    printf '%s\n' '0 1000 1' >"/proc/$pid/uid_map"
    printf '%s\n' '0 1000 1' >"/proc/$pid/gid_map"
    echo go >&3; read -r _ <&4; exec 3>&- 4<&-; is_there
  fi
  echo "lab $pid $since"; read -r networks
  in_hub() { setpriv --reuid 524288 --regid 524288 --clear-groups -- nsenter --target "$pid" --user --net --preserve-credentials -- sh "$0" "$@"; }
  # What may leave the hub, before anything can.
  read -r wires; in_hub rules $wires
  if ! is_out; then
    rm -f "$folder/answer"; mkfifo -m 600 "$folder/answer"
    setpriv --reuid 524288 --regid 524288 --clear-groups -- sh "$0" internet "$pid" >"$folder/answer" </dev/null 7>&- 8>&- &
    exec 4<"$folder/answer"; rm -f "$folder/answer"; read -r _ <&4; exec 4<&-
  fi
  [ ! "$networks" ] || in_hub networks $networks
  gate made
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
# In the hub: nothing of this machine, its links or a metadata address can be asked through it, nor one network through
# another, nft(8). What stays on its bridge is none of that (br_netfilter of the kernel). Only then does it pass packets on. It
# answers for an address only on its own bridge, and uses those of its way out at once (ip-sysctl of the kernel).
rules)
  shift; for calls in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$calls" ] || echo 0 >"$calls"; done
  {
    cat <<'END'
table inet lab
delete table inet lab
table inet lab {
  set near { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, 255.255.255.255, 100.100.100.200, 192.0.0.192, 168.63.129.16, 192.168.1.7/24, 192.168.1.1 } }
  set near6 { type ipv6_addr; flags interval; auto-merge; elements = { fe80::/10, ff00::/8, fd00:ec2::254, fe80::1/64, ::/96, ::ffff:0:0/96, ::ffff:0:0:0/96, 64:ff9b:1::/48, 2001::/32, 64:ff9b::/104, 64:ff9b::7f00:0/104, 64:ff9b::a9fe:0/112, 64:ff9b::e000:0/100, 64:ff9b::ffff:ffff/128, 64:ff9b::6464:64c8/128, 64:ff9b::c000:c0/128, 64:ff9b::a83f:8110/128, 64:ff9b::c0a8:100/120, 64:ff9b::c0a8:101/128, 2002::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:e000::/20, 2002:ffff:ffff::/48, 2002:6464:64c8::/48, 2002:c000:c0::/48, 2002:a83f:8110::/48, 2002:c0a8:100::/40, 2002:c0a8:101::/48 } }
  chain wires {
  }
  chain before {
    type filter hook prerouting priority raw; policy drop;
    iifname { "lo", "_internet" } accept
    ip6 saddr { ::, fe80::/10 } icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    jump wires
  }
  chain between {
    type filter hook forward priority filter; policy drop;
    iifname "_internet" ct state established,related accept
    iifname "_internet" drop
    oifname "_internet" goto out
    goto refused
  }
  chain out {
    ip daddr @near goto refused
    ip6 daddr @near6 goto refused
    accept
  }
  chain in {
    type filter hook input priority filter; policy drop;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    iifname != "_internet" goto refused
  }
  chain refused {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain translate {
    type nat hook postrouting priority srcnat;
    oifname "_internet" masquerade
  }
}
END
    while [ $# -gt 0 ]; do echo "add rule inet lab wires iifname \"$1\" $2 saddr $3 accept"; shift 3; done
  } | nft -f - || { echo 'no network' >&2; exit 1; }
  echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
  echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
  echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  ;;
# The way to the internet, without root: pasta(1) carries packets of the hub through sockets of an ordinary user, and ends with it.
internet)
  /usr/bin/pasta --quiet --config-net --ns-ifname _internet --no-map-gw --dns-forward 192.0.2.53 --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none --pid /proc/self/fd/1 "$2" | {
    read -r way || { echo 'no network' >&2; exit 1; }
    read -r stat <"/proc/$way/stat"; started_at ${stat##*) }; begun=$started
    echo "$way $begun" >"$folder/hub/way-out"; echo up; exec >/dev/null 2>&1
    flock --shared "$folder/hub/there" true; ! is_since "$way" "$begun" || kill "$way"
  } &
  exit ;;
# A bridge for each network, ip-link(8). The hub has an address only in one that it leads out of.
networks)
  shift
  lines=$(for network do case $network in
    lab) ip link show dev lab >/dev/null 2>&1 || printf '%s\n' 'link add name lab address 02:7a:6e:9e:68:56 type bridge' 'addr add 10.0.0.254/24 dev lab' 'addr add fd00::ffff:ffff:ffff:ffff/64 dev lab nodad' 'link set dev lab addrgenmode none up' ;;
    dmz) ip link show dev dmz >/dev/null 2>&1 || printf '%s\n' 'link add name dmz mtu 9000 type bridge' 'link set dev dmz addrgenmode none up' ;;
    *) echo "This script has no network $network." >&2; exit 1 ;;
  esac; done); printf '%s\n' "$lines" | ip -batch - ;;
*) echo "This script has no part $1." >&2; exit 1 ;;
esac
