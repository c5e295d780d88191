#!/bin/bash
# Makes the disk of the virtual machine of `npm run test:vm`: a minimal Debian 12 with systemd and its own kernel, without
# what `hop3 server install` has to bring; those packages lie in apt's cache, because the machine has no network.
#
#   sudo test/vm/image.sh DIRECTORY
#
# DIRECTORY gets vmlinuz, initrd and root.img, and at last `made`, by which the next call knows that it is done.
set -euo pipefail

out=$1
mirror=${HOP3_VM_MIRROR:-http://deb.debian.org/debian}
there="systemd-sysv,dbus,udev,kmod,linux-image-cloud-amd64,initramfs-tools,ca-certificates,procps,sudo,python3,libpython3-stdlib,libatomic1,iproute2"
# Fetched, not installed: that is the installation's task.
brought="bubblewrap nftables"
stamp="$there $brought $(cksum <"$0")"

say() { echo "vm: $*" >&2; }
die() { say "FAILED: $*"; exit 1; }

[ "$(cat "$out/made" 2>/dev/null)" != "$stamp" ] || exit 0
[ "$(id -u)" = 0 ] || die "must be root: it bootstraps a system"
for tool in debootstrap mkfs.ext4 chroot; do
  command -v "$tool" >/dev/null || die "$tool is missing: apt-get install debootstrap e2fsprogs"
done

mkdir -p "$out"
rm -f "$out/made"
root=$(mktemp -d "$out/root.XXXXXX")
trap 'umount -l "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT TERM

say "bootstrapping Debian 12 into $out (once)"
debootstrap --variant=minbase --include="$there" bookworm "$root" "$mirror" >"$out/debootstrap.log" 2>&1 ||
  die "debootstrap: see $out/debootstrap.log"
for file in /etc/apt/apt.conf.d/*proxy*; do [ ! -f "$file" ] || cp -L "$file" "$root$file"; done
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
chroot "$root" sh -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --download-only --no-install-recommends $brought" \
  >>"$out/debootstrap.log" 2>&1 || die "apt-get in the new system: see $out/debootstrap.log"
rm -f "$root"/etc/apt/apt.conf.d/*proxy* "$root/etc/resolv.conf"
umount "$root/proc"

echo hop3-test >"$root/etc/hostname"
printf '127.0.0.1 localhost hop3-test\n::1 localhost\n' >"$root/etc/hosts"
printf '/dev/vda / ext4 defaults 0 1\n/dev/vdb /mnt ext4 ro,nofail 0 0\n' >"$root/etc/fstab"
chroot "$root" useradd --create-home --shell /bin/bash ada
echo 'ada ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ada"
chmod 440 "$root/etc/sudoers.d/ada"
# What is on the second disk says what happens; the machine ends with it.
cat >"$root/etc/systemd/system/hop3-test.service" <<'UNIT'
[Unit]
Description=What the second disk of the test brings
After=network.target systemd-user-sessions.service
RequiresMountsFor=/mnt
[Service]
Type=oneshot
ExecStart=/bin/sh /mnt/run
ExecStopPost=/bin/systemctl poweroff --no-block
[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl enable hop3-test.service >>"$out/debootstrap.log" 2>&1
chroot "$root" systemctl mask getty@tty1.service serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer >>"$out/debootstrap.log" 2>&1

cp -L "$root"/boot/vmlinuz-* "$out/vmlinuz"
cp -L "$root"/boot/initrd.img-* "$out/initrd"
say "writing the disk"
rm -f "$out/root.img"
mkfs.ext4 -q -d "$root" "$out/root.img" 6G
echo "$stamp" >"$out/made"
