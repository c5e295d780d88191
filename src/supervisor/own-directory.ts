/** Makes a directory and gives it to whom it is to be of, by descriptors: whoever may write around it cannot have another one taken for it. */
import { closeSync, fchmodSync, fchownSync, fstatSync, mkdirSync } from "node:fs";
import { isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { Refusal } from "./refusal.ts";
import { openDirectory } from "./safe-path.ts";

export type Ownership = { readonly uid: number; readonly gid: number; readonly mode: number };

/** What is there already must be root's, begun and not finished, or whose it is to be: else it throws a Refusal. */
export function ownDirectory(root: string, parts: readonly string[], { uid, gid, mode }: Ownership): void {
  const parent = openDirectory(root, parts.slice(0, -1));
  const name = parts.at(-1) ?? "";
  try {
    mkdirSync(`/proc/self/fd/${parent}/${name}`, { mode: 0o700 });
  } catch (error) {
    if (!isNodeError(error) || error.code !== "EEXIST") throw error;
  } finally {
    closeSync(parent);
  }
  const fd = openDirectory(root, parts);
  try {
    const found = fstatSync(fd).uid;
    if (found !== 0 && found !== uid) {
      throw new Refusal("conflict", `${quote(parts.join("/"))} was made by somebody else (user ${found}).`);
    }
    // By descriptor, and a directory has no second name: what is given away is what was looked at.
    fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}
