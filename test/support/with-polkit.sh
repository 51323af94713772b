#!/bin/sh
# with-polkit.sh yes|no|auth_admin COMMAND…: runs a command as uid 47000 beside a real bus and a real polkitd, which answers
# so to pkexec. All of it lives in a mount namespace of its own, so that the machine's rules, bus and users stay as they are.
set -eu
if [ "${WITH_POLKIT-}" = "" ]; then
  WITH_POLKIT=1 exec unshare --mount --propagation private -- sh "$0" "$@"
fi
answer=$1; shift
private=$(mktemp -d)
mkdir -p /run/dbus
mount -t tmpfs -o mode=755 tmpfs /run/dbus
mount -t tmpfs -o mode=755 tmpfs /etc/polkit-1/rules.d
cp /etc/passwd "$private/passwd"
echo 'sandboxer:x:47000:47000::/nonexistent:/bin/sh' >>"$private/passwd"
mount --bind "$private/passwd" /etc/passwd
cat >/etc/polkit-1/rules.d/00-test.rules <<RULE
polkit.addRule(function (action, subject) {
  if (action.id == 'org.freedesktop.policykit.exec' && subject.user == 'sandboxer') return '$answer';
});
RULE
dbus-daemon --system --nofork --nopidfile --nosyslog >/dev/null 2>&1 &
bus=$!
daemon=
trap 'kill $bus $daemon 2>/dev/null; wait; umount /etc/passwd; rm -r "$private"' EXIT
until [ -S /run/dbus/system_bus_socket ]; do kill -0 $bus; sleep 0.02; done
polkitd=$(ls /usr/lib/polkit-1/polkitd /usr/libexec/polkitd 2>/dev/null | head -n 1)
"$polkitd" --no-debug >/dev/null 2>&1 &
daemon=$!
owned() { dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.PolicyKit1 | grep -q 'boolean true'; }
until owned; do kill -0 $daemon; sleep 0.02; done
status=0
setpriv --reuid 47000 --regid 47000 --clear-groups --reset-env env HOME="${SANDBOXER_HOME:-/tmp}" PATH="$PATH" "$@" || status=$?
exit $status
