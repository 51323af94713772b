#!/bin/sh
# install.sh RUNTIME HELPER SHA256 ENTER SHA256: makes the helper of Namespace Sandboxes root's own. Run as root.
# It writes four files and no other:
#   /usr/libexec/namespace-sandboxes/helper      starts helper.cjs with the runtime
#   /usr/libexec/namespace-sandboxes/helper.cjs  a copy of HELPER
#   /usr/libexec/namespace-sandboxes/enter       a copy of ENTER
#   /usr/share/polkit-1/actions/namespace-sandboxes.policy
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C
umask 022
[ $# = 5 ] || { echo 'install.sh RUNTIME HELPER SHA256 ENTER SHA256' >&2; exit 2; }
echo begun

folder=/usr/libexec/namespace-sandboxes
policy=/usr/share/polkit-1/actions/namespace-sandboxes.policy
refuse() { echo "$1" >&2; exit 2; }

# Whoever can write a file, or a folder on the way to it, can become root by it.
only_roots() {
  at=$1
  while :; do
    [ "$(stat -c %u -- "$at")" = 0 ] || refuse "$at belongs to another user than root"
    case $(stat -c %A -- "$at") in ?????w* | ????????w*) refuse "others than root can write to $at" ;; esac
    [ "$at" != / ] || break
    at=$(dirname -- "$at")
  done
}

for needed in "${folder%/*}" "${policy%/*}"; do
  [ -d "$needed" ] && [ "$(readlink -f -- "$needed")" = "$needed" ] || refuse "$needed is no folder here"
  only_roots "$needed"
done
runtime=$(readlink -f -- "$1") && [ -x "$runtime" ] || refuse "$1 is no program"
case $runtime in *[!A-Za-z0-9/._+-]*) refuse "the path $runtime has characters that a script should not hold" ;; esac
only_roots "$runtime"
case ${runtime##*/} in
  node*) ;;
  *) # Electron loads what lies beside it.
    other=$(find "${runtime%/*}" -maxdepth 1 ! -type l \( ! -user 0 -o -perm /022 \) -print -quit)
    [ "$other" = '' ] || refuse "others than root can write to $other" ;;
esac
version=$(env -i ELECTRON_RUN_AS_NODE=1 "$runtime" -p process.versions.node) || refuse "$runtime does not run"
[ "${version%%.*}" -ge 20 ] || refuse "$runtime is Node $version, and 20 or newer is needed"

# From here on, whatever fails takes away all of it.
undo() {
  status=$?
  [ $status = 0 ] || { rm -f "$policy" "$folder"/helper "$folder"/helper.cjs "$folder"/enter "$folder"/.new; rmdir "$folder" 2>/dev/null || :; }
  exit $status
}
trap undo EXIT
trap 'exit 1' HUP INT TERM
[ -d "$folder" ] && [ ! -L "$folder" ] || mkdir -- "$folder"
only_roots "$folder"

# What is compared is the copy, which nobody but root can change any more.
copy() {
  (umask 077 && head -c 4194304 -- "$1" >"$folder/.new")
  [ "$(sha256sum <"$folder/.new")" = "$2  -" ] || refuse "$1 has changed since it was looked at: its checksum is another"
  chmod "$4" "$folder/.new"
  mv -f "$folder/.new" "$3"
}
copy "$2" "$3" "$folder/helper.cjs" 644
copy "$4" "$5" "$folder/enter" 755

cat >"$folder/.new" <<HELPER
#!/bin/sh
# Nothing of the caller's environment but whom root acts for, pkexec(1) and sudo(8).
exec /usr/bin/env -i \${PKEXEC_UID:+PKEXEC_UID="\$PKEXEC_UID"} \${SUDO_UID:+SUDO_UID="\$SUDO_UID"} ELECTRON_RUN_AS_NODE=1 $runtime $folder/helper.cjs
HELPER
chmod 755 "$folder/.new"
mv -f "$folder/.new" "$folder/helper"

cat >"$folder/.new" <<'POLICY'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN" "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">
<policyconfig>
  <vendor>Namespace Sandboxes</vendor>
  <icon_name>utilities-terminal</icon_name>
  <action id="namespace-sandboxes.helper">
    <description>Set up sandboxes of a user as root</description>
    <message>Authentication is needed to let the helper of Namespace Sandboxes do as root what the kernel refuses you</message>
    <defaults>
      <allow_any>auth_admin</allow_any>
      <allow_inactive>auth_admin</allow_inactive>
      <allow_active>auth_admin</allow_active>
    </defaults>
    <annotate key="org.freedesktop.policykit.exec.path">/usr/libexec/namespace-sandboxes/helper</annotate>
  </action>
  <action id="namespace-sandboxes.enter">
    <description>Open a root shell in namespaces of a process</description>
    <message>Authentication is needed to open a root shell in the namespaces of another user's process</message>
    <defaults>
      <allow_any>auth_admin</allow_any>
      <allow_inactive>auth_admin</allow_inactive>
      <allow_active>auth_admin</allow_active>
    </defaults>
    <annotate key="org.freedesktop.policykit.exec.path">/usr/libexec/namespace-sandboxes/enter</annotate>
  </action>
</policyconfig>
POLICY
chmod 644 "$folder/.new"
mv -f "$folder/.new" "$policy"
