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

# Without a terminal of its own it gets a session of its own, setsid(1): in this one it could type into yours, ioctl_tty(2).
if [ ! -t 0 ] || [ ! -t 1 ]; then
  { ! command : </dev/tty; } 2>/dev/null || exec setsid --wait sh "$0" "$@"
fi
for fd in 0 1 2; do
  [ ! -d "/proc/$$/fd/$fd" ] || { echo 'A folder cannot be input or output of a sandbox.' >&2; exit 1; }
done

# What is entered must still be what it was: its start time says so, proc_pid_stat(5).
field_22() { shift 19; since=$1; }
is_there() { read -r stat 2>/dev/null <"/proc/$1/stat" && field_22 ${stat##*) } && [ "$since" = "$2" ]; }
gone() { echo 'The sandbox has ended.' >&2; exit 1; }
[ -r /run/user/1000/namespace-sandboxes/review-1a2b/pid ] || gone
{ read -r pid started; } </run/user/1000/namespace-sandboxes/review-1a2b/pid
is_there "$pid" "$started" || gone

# Into its cgroups, cgroups(7): every process of the sandbox is under its limits.
echo $$ >/sys/fs/cgroup/x/cgroup.procs
kills() {
  total=0
  while read -r key value; do [ "$key" != oom_kill ] || total=$((total + value)); done </sys/fs/cgroup/x/memory.events
  echo "$total"
}
killed_before=$(kills)

# In, by the name of each namespace, nsenter(1), with an environment made from nothing; then confined again. What the
# profile sets comes after that: PATH and LD_PRELOAD, ld.so(8), would count for the programs that go in, too.
enter() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root SHELL=/bin/sh TERM="$term" COLORTERM="$color" command="$command" \
    nsenter --target "$pid" --user --mount --uts --ipc --net --pid --cgroup --time --preserve-credentials -- \
    /usr/bin/setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+net_bind_service,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot --no-new-privs --inh-caps=-all --ambient-caps=-all --seccomp-filter=/.seccomp.bpf --landlock-access=fs:read-file '--landlock-rule=path-beneath:read-file:/my data' -- "$@"
}
inside='cd '\''/home/u/my project'\'' || exit 1; set -- "$command"; unset command; command export '\''PATH=/home/u/my tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'\'' LANG=C.UTF-8 RUSTUP_HOME=/home/u/.rustup || :; { printf '\''%s\n'\'' /.envrc '\''/to\ ols'\'' >/tmp/.git-placeholders; } 2>/dev/null || :; command export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.excludesFile GIT_CONFIG_VALUE_0=/tmp/.git-placeholders || :; for SHELL in /bin/zsh /bin/sh; do [ ! -x "$SHELL" ] || break; done; export SHELL; if [ -n "$1" ]; then eval "shift; $1"; else exec "$SHELL"; fi'
status=0
if [ -t 0 ] && [ -t 1 ]; then
  enter /usr/bin/script --quiet --return --command "$inside" /dev/null || status=$?
elif [ -f "/proc/$$/fd/0" ]; then
  # A file that is input could be opened again inside, to write.
  cat | enter /bin/sh -c "$inside" || status=$?
else
  enter /bin/sh -c "$inside" || status=$?
fi
if [ "$(kills)" != "$killed_before" ]; then
  echo 'killed by memory.max = 64M' >&2
fi
[ "$status" != 137 ] || [ -e "/proc/$pid/ns" ] || echo 'The sandbox was stopped.' >&2
exit "$status"
