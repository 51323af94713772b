#!/bin/sh
# guest-setup.sh ROOT: the last step of the image, run by mmdebstrap(1) when all packages are in.
set -eu
in_guest() { chroot "$root" "$@"; }
root=$1

# A user with a systemd manager from the start of the system on (loginctl(1), enable-linger), and one with nothing.
in_guest useradd --create-home --shell /bin/bash tester
in_guest useradd --create-home --shell /bin/bash --key SUB_UID_COUNT=0 --key SUB_GID_COUNT=0 stranger
mkdir -p "$root/var/lib/systemd/linger" "$root/srv/share"
: >"$root/var/lib/systemd/linger/tester"
in_guest install -d -o tester -g tester /srv/workspace

echo vm-tests >"$root/etc/hostname"
echo uninitialized >"$root/etc/machine-id"
in_guest systemctl --quiet enable vm-tests.service
# What nobody waits for, in a machine that lives for a minute.
in_guest systemctl --quiet mask getty@tty1.service serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-firstboot.service \
  systemd-random-seed.service systemd-update-utmp.service
