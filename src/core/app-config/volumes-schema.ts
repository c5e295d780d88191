/** `[[volumes]]` of hop3.toml, key by key. */
import { z } from "zod";
import { readBytes } from "../read-limits.ts";
import {
  isBindSource,
  isVolumeName,
  tmpfsLeast,
  volumeModes,
  volumesMax,
  volumeTarget,
  volumeTypes,
} from "../volume.ts";
import { key, notBuilt } from "./schema-key.ts";

const size = z.union([z.string(), z.number()], 'must be a size such as "64M"').transform((value, context) => {
  const read = readBytes(value, tmpfsLeast);
  if (typeof read === "number") return read;
  context.addIssue({ code: "custom", message: read.replace(/\.$/, "") });
  return z.NEVER;
});

const volume = z.strictObject({
  name: key(
    z
      .string("must be a name")
      .refine(isVolumeName, "is not a name: lowercase letters, digits, - and _, at most 32, a letter first"),
    "What it is known by.",
  ),
  target: key(
    z
      .string("must be a directory inside the app")
      .refine(
        (path) => volumeTarget(path) !== undefined,
        "must be a directory inside the app, not all of it: letters, digits and . _ @ + - between slashes, without `..` and not absolute",
      )
      .transform((path) => volumeTarget(path) ?? path),
    "Where the app sees it, inside the app's folder. What is shipped or built there fills a `persist` volume once, when it is made; later it is left out of sight.",
    { shown: "directory" },
  ),
  type: key(
    z.enum(volumeTypes, "must be persist, tmpfs or bind").optional(),
    "`persist`: kept on the server's disk, beside the builds. `tmpfs`: memory, for each instance and command its own, which counts as the app's and is gone when it ends. `bind`: a directory of the server's. The last two need system mode.",
    { standard: "`persist`" },
  ),
  size: key(size.optional(), 'Of a `tmpfs`, which must have one, for example `"64M"`; at least 1M.', { shown: "size" }),
  source: key(
    z
      .string("must be a path")
      .refine(isBindSource, "must be an absolute path: letters, digits and . _ @ + - between slashes, without `..`")
      .optional(),
    "Of a `bind`, which must have one: a directory that `/etc/hop3/bind-volumes` of the server names, or one inside such. The app goes there as its own user, with the rights that this has. One app may write a directory, or several may read it.",
    { shown: "absolute path" },
  ),
  mode: key(
    z.enum(volumeModes, "must be rw or ro").optional(),
    "`rw`: the app may write there. `ro`: it may not, which needs system mode.",
    { standard: "`rw`" },
  ),
  backup: notBuilt("table", "`include`."),
});

export const volumes = z
  .array(volume, "must be a list of tables: `[[volumes]]`")
  .max(volumesMax, `has more than ${volumesMax} volumes`);
