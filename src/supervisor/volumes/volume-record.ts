/** The volumes of a release record, believed only after a check of every field. */
import {
  isBindSource,
  isVolumeName,
  overlaps,
  tmpfsLeast,
  volumeModes,
  volumesMax,
  volumeTarget,
  volumeTypes,
  type VolumeSpec,
} from "#core/volume.ts";
import { fields, invalid, list, oneOf, text, whole } from "../shape.ts";

const pathMax = 1024;

export function volumesOf(value: unknown, where: string): readonly VolumeSpec[] {
  const found: VolumeSpec[] = [];
  for (const [index, one] of list(value, where, volumesMax).entries()) {
    const volume = volumeOf(one, `${where}: volume ${index}`);
    if (found.some(({ name }) => name === volume.name)) throw invalid(`${where}: volume ${index}: name`, "is taken");
    if (found.some(({ target }) => overlaps(target, volume.target))) {
      throw invalid(`${where}: volume ${index}: target`, "lies in another, or has it inside");
    }
    found.push(volume);
  }
  return found;
}

function volumeOf(value: unknown, where: string): VolumeSpec {
  const found = fields(value, where, ["name", "target", "mode", "type"], ["bytes", "source"]);
  const name = text(found["name"], `${where}: name`, 64);
  if (!isVolumeName(name)) throw invalid(`${where}: name`, "is not the name of a volume");
  const target = text(found["target"], `${where}: target`, pathMax);
  // In no other form than its own, so that two records that mean one place say it alike.
  if (volumeTarget(target) !== target) throw invalid(`${where}: target`, "is no directory inside the tree");
  const mode = oneOf(found["mode"], `${where}: mode`, volumeModes);
  const type = oneOf(found["type"], `${where}: type`, volumeTypes);
  if ((found["bytes"] !== undefined) !== (type === "tmpfs")) throw invalid(`${where}: bytes`, "are for a tmpfs alone");
  if ((found["source"] !== undefined) !== (type === "bind")) throw invalid(`${where}: source`, "is for a bind alone");
  if (type === "persist") return { name, target, mode, type };
  if (type === "tmpfs") {
    const least = tmpfsLeast * 1024 * 1024;
    return {
      name,
      target,
      mode,
      type,
      bytes: whole(found["bytes"], `${where}: bytes`, least, Number.MAX_SAFE_INTEGER),
    };
  }
  const source = text(found["source"], `${where}: source`, pathMax);
  if (!isBindSource(source)) throw invalid(`${where}: source`, "is not a plain absolute path");
  return { name, target, mode, type, source };
}
