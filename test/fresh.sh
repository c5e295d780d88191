#!/bin/bash
# Proves that a bare clone works on a bare machine: a minimal Debian 12 with nodejs, npm, git, python3 and python3-venv
# only, a user who is not root, an empty HOME. In it: `npm start` until it is ready, its page fetched, Ctrl-C, nothing
# left running; then `npm test`. What is tested is the committed HEAD.
#
#   sudo test/fresh.sh [setup|start|test]...     default: start test
#
# The bootstrapped system is kept as a tarball in /var/tmp/hop3-fresh and used again. The network is the host's.
set -euo pipefail

repo=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cache=${HOP3_FRESH_CACHE:-/var/tmp/hop3-fresh}
packages="nodejs npm git python3 python3-venv"
tarball=$cache/bookworm-$(dpkg --print-architecture)-$(echo "$packages" | cksum | cut -d' ' -f1).tar
mirror=${HOP3_FRESH_MIRROR:-http://deb.debian.org/debian}
steps=("${@:-start}")
[ $# -gt 0 ] || steps=(start test)

say() { echo "fresh: $*" >&2; }
die() { say "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || die "must be root: it bootstraps a system and makes it the root of a mount namespace"
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"

mkdir -p "$cache"
root=$(mktemp -d "$cache/root.XXXXXX")
mounts=()

# Ends what still runs inside the new system, undoes the mounts, deletes it.
cleanup() {
  local pid i
  for pid in $(inside_pids); do kill -KILL "$pid" 2>/dev/null || true; done
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount -l "${mounts[i]}" 2>/dev/null || true; done
  if grep -q " $root" /proc/mounts; then
    say "mounts are left in $root: not deleting it"
  else
    rm -rf --one-file-system "$root"
  fi
}

# The processes whose root directory is the new system: each one of them is ours. By inode: from outside their mount
# namespace the name of that directory reads `/`.
inside_pids() {
  local link inode
  inode=$(stat -c %d:%i "$root")
  for link in /proc/[0-9]*/root; do
    [ "$(stat -Lc %d:%i "$link" 2>/dev/null)" = "$inode" ] && basename "$(dirname "$link")"
  done
  return 0
}

bind() {
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  mounts+=("$root$2")
}

bootstrap() {
  say "bootstrapping Debian 12 (once; kept in $tarball)"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$cache/debootstrap.log" 2>&1 ||
    die "debootstrap: see $cache/debootstrap.log"
  host_configuration
  chroot "$root" sh -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages && apt-get clean" \
    >>"$cache/debootstrap.log" 2>&1 || die "apt-get in the new system: see $cache/debootstrap.log"
  tar -C "$root" -cf "$tarball.new" . && mv "$tarball.new" "$tarball"
}

# The host's way to the network, where it has one: name servers, certificate authorities, package registries.
host_configuration() {
  local file
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  for file in /etc/pip.conf /etc/npmrc; do [ ! -f "$file" ] || cp -L "$file" "$root$file"; done
  for file in /etc/apt/apt.conf.d/*proxy*; do [ ! -f "$file" ] || cp -L "$file" "$root$file"; done
}

# Runs a command in the new system as on a machine of its own: its root is that of a mount namespace. In a chroot the
# kernel refuses user namespaces to everybody, and the tests of a full disk need one.
enter() {
  unshare --mount --propagation private /bin/bash -c 'cd "$0" && pivot_root . . && umount -l . && exec "$@"' "$root" "$@"
}

# Runs a command line as the user in the clone, with an environment of its own.
as_user() {
  enter /usr/sbin/runuser -u tester -- /usr/bin/env -i "${user_env[@]}" /bin/bash -c "cd ~/hop3 && $1"
}

prepare() {
  if [ -f "$tarball" ]; then tar -C "$root" -xf "$tarball"; else bootstrap; fi
  chmod 755 "$root"
  host_configuration
  # Only a mount point can become the root of a namespace.
  mount --bind "$root" "$root" && mounts+=("$root")
  mount -t proc proc "$root/proc" && mounts+=("$root/proc")
  bind /dev /dev
  # A /dev/shm and a /dev/pts come with the host's /dev only where they are mounts of their own.
  if mountpoint -q /dev/pts; then bind /dev/pts /dev/pts; fi
  if mountpoint -q /dev/shm; then bind /dev/shm /dev/shm; fi
  bind "$repo" /mnt/repo
  mount -o remount,bind,ro "$root/mnt/repo"
  chroot "$root" useradd --create-home --shell /bin/bash tester
  ! command -v npm >/dev/null || npm_settings
  user_env=(HOME=/home/tester USER=tester LOGNAME=tester SHELL=/bin/bash LANG=C.UTF-8 TERM=dumb
    PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt)
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL UV_INDEX_URL CI; do
    [ -z "${!name:-}" ] || user_env+=("$name=${!name}")
  done
  chroot "$root" /usr/sbin/runuser -u tester -- git config --global --add safe.directory '*'
  chroot "$root" /usr/sbin/runuser -u tester -- git clone -q /mnt/repo /home/tester/hop3
  say "clone of $(git -C "$repo" -c safe.directory='*' rev-parse --short HEAD), node $(chroot "$root" node --version), npm $(chroot "$root" npm --version)"
}

# Only the lines of the host's npmrc that say where the registry is.
npm_settings() {
  local file
  for file in "${NPM_CONFIG_USERCONFIG:-$HOME/.npmrc}" "$(npm config get globalconfig 2>/dev/null)"; do
    [ ! -f "$file" ] || grep -E '^(registry|proxy|https-proxy|noproxy|cafile|strict-ssl|//[^ ]*_auth)' "$file" || true
  done >"$root/home/tester/.npmrc"
  chroot "$root" chown tester: /home/tester/.npmrc
  chmod 600 "$root/home/tester/.npmrc"
}

step_setup() {
  local began=$SECONDS
  as_user "node -e 'import(\"./scripts/setup.js\").then((m) => m.setup({ log: console.log, forTests: true }))'" || die "set-up"
  say "set-up took $((SECONDS - began)) s; tools:"
  as_user ".tools/bin/node --version; .tools/bin/caddy version; .tools/bin/uv --version; PATH=\$PWD/.tools/bin:\$PATH npm --version"
  as_user "bash -c 'time node -e \"import(\\\"./scripts/setup.js\\\").then((m) => m.setup({ log: console.log, forTests: true }))\"'"
}

step_start() {
  local log=$root/home/tester/start.log began=$SECONDS pid url
  # In a session of its own, as in a terminal, where Ctrl-C reaches every process of the foreground group.
  as_user "exec setsid bash -c 'echo \$\$ >~/start.pid; exec npm start' >~/start.log 2>&1" &
  local job=$!
  until grep -qi '^ready' "$log" 2>/dev/null; do
    kill -0 "$job" 2>/dev/null || { cat "$log"; die "npm start ended before it was ready"; }
    [ $((SECONDS - began)) -lt 600 ] || { cat "$log"; die "npm start was not ready in 600 s"; }
    sleep 0.5
  done
  say "npm start was ready after $((SECONDS - began)) s"
  sed 's/^/  | /' "$log" >&2
  url=$(grep -o 'http://[a-z0-9-]*\.localhost:[0-9]*' "$log" | head -1)
  [ -n "$url" ] || die "npm start printed no URL of an app"
  # The new system has no curl; *.localhost resolves for none but browsers and curl, so dial loopback and name the host.
  as_user ".tools/bin/node -e '
    const url = new URL(process.argv[1]);
    require(\"node:http\").get({ host: \"127.0.0.1\", port: url.port, headers: { host: url.host } }, (answer) => {
      let body = \"\";
      answer.on(\"data\", (chunk) => (body += chunk)).on(\"end\", () => {
        console.log(answer.statusCode, body.length + \" bytes\");
        process.exit(answer.statusCode === 200 && body.length > 0 ? 0 : 1);
      });
    });' $url" || die "the page at $url"
  pid=$(cat "$root/home/tester/start.pid")
  kill -INT -- "-$pid"
  local status=0
  wait "$job" || status=$?
  local left deadline=$((SECONDS + 15))
  until left=$(inside_pids) && [ -z "$left" ]; do
    [ "$SECONDS" -lt "$deadline" ] || { ps -o pid,ppid,args -p "$(echo $left | tr ' ' ,)"; die "processes were left after Ctrl-C"; }
    sleep 0.2
  done
  say "Ctrl-C: status $status, no process left"
}

step_test() {
  local began=$SECONDS
  as_user "npm test" || die "npm test"
  say "npm test passed in $((SECONDS - began)) s"
}

trap cleanup EXIT
trap 'exit 130' INT TERM
prepare
for step in "${steps[@]}"; do
  declare -F "step_$step" >/dev/null || die "no step '$step' (setup, start, test)"
  "step_$step"
done
say "all passed: ${steps[*]}"
