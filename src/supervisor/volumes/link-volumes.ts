/**
 * The last step of a build that has volumes: where the app sees one, a link to its directory stands in the tree. It is a
 * step like those before it, run as the app, so it can follow no link to where the app could not go itself; and it is
 * relative, so that the app's directory may be renamed. What was shipped in the place is moved aside, inside the tree.
 */
import type { BuildStep } from "#core/records.ts";
import { shippedVolumes, type VolumeSpec } from "#core/volume.ts";

/** Takes name and target of each volume. From a tree up to its app: tree, build, `builds`. */
const script = `
fail() { echo "volume $name: $1" >&2; exit 1; }
umask 022
[ ! -L .hop3 ] && [ ! -L ${shippedVolumes} ] || { echo ".hop3 is a link" >&2; exit 1; }
while [ $# -gt 0 ]; do
  name=$1 rest=$2 at=. up=../../../volumes
  shift 2
  while :; do
    part=\${rest%%/*}
    at=$at/$part
    [ ! -L "$at" ] || fail "$at is a link; a volume has none on its way"
    [ "$part" != "$rest" ] || break
    [ -d "$at" ] || /bin/mkdir -- "$at" || fail "$at is no directory"
    rest=\${rest#*/} up=../$up
  done
  if [ -d "$at" ]; then
    /bin/mkdir -p -- ${shippedVolumes} && /bin/chmod u+rwx -- "$at" && /bin/mv -T -- "$at" "${shippedVolumes}/$name" ||
      fail "what was shipped in $at could not be moved"
  elif [ -e "$at" ]; then fail "$at is a file; a volume is a directory"
  fi
  /bin/ln -s -- "$up/$name" "$at" || fail "$at could not be made"
done`;

/** Seconds. */
const timeout = 60;

/** None where there are no volumes. Targets relative to the tree. */
export function linkVolumes(volumes: readonly VolumeSpec[]): BuildStep[] {
  if (volumes.length === 0) return [];
  const words = volumes.flatMap(({ name, target }) => [name, target]);
  return [{ name: "volumes", argv: ["/bin/sh", "-c", script, "volumes", ...words], cwd: ".", timeout }];
}
