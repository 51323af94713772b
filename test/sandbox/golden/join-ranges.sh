#!/bin/sh
# Enters the sandbox review-1a2b: join.sh ['command line'].
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
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
term=${TERM-dumb} color=${COLORTERM-} command=${1-}

# What is entered must still be what it was: its start time says so, proc_pid_stat(5).
started_at() { shift 19; echo "$1"; }
read -r stat 2>/dev/null </proc/4242/stat && [ "$(started_at ${stat##*) })" = 777 ] || { echo 'The sandbox has ended.' >&2; exit 1; }

# Into its cgroups, cgroups(7): every process of the sandbox is under its limits.
echo $$ >/sys/fs/cgroup/x/cgroup.procs
kills() {
  total=0
  while read -r key value; do [ "$key" != oom_kill ] || total=$((total + value)); done </sys/fs/cgroup/x/memory.events
  echo "$total"
}
killed_before=$(kills)

# In, by the name of each namespace, nsenter(1), with an environment made from nothing; then confined again.
enter() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/ann USER=ann LOGNAME=ann LANG=C.UTF-8 SHELL=/bin/sh 'GREETING=it'\''s' TERM="$term" COLORTERM="$color" command="$command" \
    nsenter --target 4242 --user --mount --uts --ipc --net --pid --cgroup --time --setuid=0 --setgid=0 -- \
    /usr/bin/setpriv --reuid=1234 --regid=1235 --clear-groups --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+net_bind_service,+net_raw,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot -- "$@"
}
inside='cd '\''/home/u/my project'\'' || exit 1; for SHELL in /bin/bash /usr/bin/bash /bin/ash /bin/sh; do [ ! -x "$SHELL" ] || break; done; export SHELL; line=$command; unset command; if [ -n "$line" ]; then eval "$line"; else exec "$SHELL"; fi'
status=0
if [ -t 0 ] && [ -t 1 ]; then
  enter /usr/bin/script --quiet --return --command "$inside" /dev/null || status=$?
else
  enter /bin/sh -c "$inside" || status=$?
fi
if [ "$(kills)" != "$killed_before" ]; then
  echo 'killed by memory.max = 64M' >&2
fi
[ "$status" != 137 ] || [ -e /proc/4242/ns ] || echo 'The sandbox was stopped.' >&2
exit "$status"
