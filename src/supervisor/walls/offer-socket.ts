import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync } from "node:fs";
import { quote } from "#core/names.ts";
import { Refusal } from "../refusal.ts";
import { openDirectory } from "../safe-path.ts";

/** O_PATH: a hold on the thing itself, which needs no right to read it. Node has no name for it. */
const onlyPath = 0o10000000;

/**
 * Lets a group (the edge, or `hop3d`) connect to the socket that an app has made: programs make them for their own user alone. The app may put
 * something else in its place at any moment, so what is changed is what was looked at. Throws a Refusal when it is no
 * socket of the app's.
 */
export function offerSocket(
  root: string,
  parts: readonly string[],
  owners: { readonly app: number; readonly group: number },
): void {
  const parent = openDirectory(root, parts.slice(0, -1));
  const name = parts.at(-1) ?? "";
  let fd: number;
  try {
    fd = openSync(`/proc/self/fd/${parent}/${name}`, onlyPath | constants.O_NOFOLLOW);
  } finally {
    closeSync(parent);
  }
  try {
    const found = fstatSync(fd);
    if (!found.isSocket() || found.uid !== owners.app)
      throw new Refusal("invalid", `${quote(name)} is no socket of the app's.`);
    const path = `/proc/self/fd/${fd}`;
    chownSync(path, owners.app, owners.group);
    chmodSync(path, 0o660);
  } finally {
    closeSync(fd);
  }
}
