/** `[[volumes]]`: what one key alone cannot show, and the list of what was asked for. */
import { overlaps, type VolumeSpec } from "../volume.ts";
import type { Hop3Toml } from "./schema.ts";

type Rule = { readonly path: (string | number)[]; readonly message: string };

export function volumeRules({ volumes = [] }: Hop3Toml): readonly Rule[] {
  const rules: Rule[] = [];
  for (const [index, volume] of volumes.entries()) {
    const { name, target, type = "persist", size, source } = volume;
    const say = (key: string, message: string) => rules.push({ path: ["volumes", index, key], message });
    const before = volumes.slice(0, index);
    const namesake = before.findIndex((one) => one.name === name);
    if (namesake >= 0) say("name", `is the name of volume ${namesake + 1} too.`);
    const near = before.find((one) => overlaps(one.target, target));
    if (near !== undefined) say("target", `and that of ${near.name} lie in each other.`);
    if (type === "tmpfs" && size === undefined) say("size", "is needed: a tmpfs takes memory.");
    if (type !== "tmpfs" && size !== undefined) say("size", `means nothing for a ${type} volume.`);
    if (type === "tmpfs" && volume.mode === "ro") say("mode", '= "ro" means nothing for a tmpfs, which begins empty.');
    if (type === "bind" && source === undefined) say("source", "is needed: the directory of the server that is meant.");
    if (type !== "bind" && source !== undefined) say("source", `means nothing for a ${type} volume.`);
  }
  return rules;
}

export function volumesOf({ volumes = [] }: Hop3Toml): readonly VolumeSpec[] {
  return volumes.map(({ name, target, type = "persist", size, source, mode = "rw" }): VolumeSpec => {
    const common = { name, target, mode };
    // volumeRules has refused one without.
    if (type === "tmpfs") return { ...common, type, bytes: size ?? 0 };
    if (type === "bind") return { ...common, type, source: source ?? "" };
    return { ...common, type };
  });
}
