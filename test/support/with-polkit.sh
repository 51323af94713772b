#!/bin/sh
# with-polkit.sh yes|no|auth_admin|own COMMAND…: runs a command as uid 47000 beside a real bus and a real polkitd, which answers
# so to pkexec; "own" is yes to the actions of the installed helper, and no to every other program. Root's password is
# "right password" here. All of it lives in a mount namespace of its own, so that the machine's rules, bus, users, actions and
# programs stay as they are. ROOT_FIRST is a line of sh that root runs before.
# WITHOUT_PKEXEC=1 hides pkexec; SUDOERS is the line of sudoers(5) for that user.
set -eu
if [ "${WITH_POLKIT-}" = "" ]; then
  WITH_POLKIT=1 exec unshare --mount --propagation private -- sh "$0" "$@"
fi
answer=$1; shift
private=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$private"
mkdir -p /run/dbus
mount -t tmpfs -o mode=755 tmpfs /run/dbus
mount -t tmpfs -o mode=755 tmpfs /etc/polkit-1/rules.d
for folder in /usr/libexec /usr/share/polkit-1/actions; do
  upper=$private$folder.upper work=$private$folder.work
  mkdir -p "$upper" "$work"
  mount -t overlay -o "lowerdir=$folder,upperdir=$upper,workdir=$work" overlay "$folder"
done
cp -p /etc/passwd /etc/shadow "$private"
echo 'sandboxer:x:47000:47000::/nonexistent:/bin/sh' >>"$private/passwd"
# Made by openssl passwd -6.
hash='$6$sandboxer$Vshs.QZSrqXj9jT7zYlMbg8hkGjFOQB5xuohva/SO41Qgcxrn8p.1BKigIy0XnHDb5zMDCPZfJenxFxWvHSZz/'
echo "sandboxer:$hash:19000:0:99999:7:::" >>"$private/shadow"
sed -i "s|^root:[^:]*|root:$hash|" "$private/shadow"
for file in passwd shadow; do mount --bind "$private/$file" /etc/$file; done
if [ "${SUDOERS-}" != "" ]; then
  (umask 227; printf 'Defaults !lecture\n%s\n' "$SUDOERS" >"$private/sudoers")
  mount --bind "$private/sudoers" /etc/sudoers
fi
[ "${WITHOUT_PKEXEC-}" = "" ] || mount --bind /dev/null "$(command -v pkexec)"
cat >/etc/polkit-1/rules.d/00-test.rules <<RULE
polkit.addRule(function (action, subject) {
  if (subject.user != 'sandboxer') return;
  var own = action.id.indexOf('namespace-sandboxes.') == 0;
  if (own || action.id == 'org.freedesktop.policykit.exec') return '$answer' != 'own' ? '$answer' : own ? 'yes' : 'no';
});
RULE
dbus-daemon --system --nofork --nopidfile --nosyslog >/dev/null 2>&1 &
bus=$!
daemon=
trap 'kill $bus $daemon 2>/dev/null; wait; umount --lazy "$private"; rmdir "$private"' EXIT
until [ -S /run/dbus/system_bus_socket ]; do kill -0 $bus; sleep 0.02; done
polkitd=$(ls /usr/lib/polkit-1/polkitd /usr/libexec/polkitd 2>/dev/null | head -n 1)
"$polkitd" --no-debug >/dev/null 2>&1 &
daemon=$!
owned() { dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.PolicyKit1 | grep -q 'boolean true'; }
[ "${ROOT_FIRST-}" = "" ] || sh -c "$ROOT_FIRST" >/dev/null
until owned; do kill -0 $daemon; sleep 0.02; done
status=0
setpriv --reuid 47000 --regid 47000 --clear-groups --reset-env env HOME="${SANDBOXER_HOME:-/tmp}" PATH="$PATH" "$@" || status=$?
exit $status
