/**
 * Whose the directories of an app are, in system mode (docs/adr/0006). Those that others are in belong to root, are open to
 * `hop3d` to add to, and sticky: nobody but root can move or exchange what root has put there. So a path below them that
 * the supervisor has made stays what it is, and may be handed to a tool that takes paths.
 */
import { closeSync, fchmodSync, fchownSync, fstatSync, mkdirSync } from "node:fs";
import { isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { Refusal } from "./refusal.ts";
import { openDirectory } from "./safe-path.ts";

export type Owners = {
  /** The group that `hop3d` is in, and nobody else. */
  readonly hop3: number;
  /** User and group of the app. */
  readonly app: number;
};

type Kind = { readonly uid: "root" | "app"; readonly gid: "hop3" | "app"; readonly mode: number };

/**
 * `hop3d` adds to it; the edge may pass through. Who may get here at all is told by the directory of all apps. Its group
 * goes on to what root makes in it, so that `hop3d` reads that.
 */
const shared: Kind = { uid: "root", gid: "hop3", mode: 0o3771 };
/** Written by the supervisor, read by `hop3d`. */
const read: Kind = { uid: "root", gid: "hop3", mode: 0o2750 };
const own: Kind = { uid: "app", gid: "app", mode: 0o700 };
/** Of the app, and read by `hop3d` and the edge: what it holds is opened to them when it is sealed. */
const served: Kind = { uid: "app", gid: "app", mode: 0o755 };

/** Makes what is missing of an app's directories; a repetition finishes what was begun. Throws a Refusal for a stranger's. */
export function makeAppFolders(apps: string, app: string, owners: Owners): void {
  makeOwned(apps, [app], shared, owners);
  for (const name of ["builds", "releases"]) makeOwned(apps, [app, name], shared, owners);
  makeOwned(apps, [app, "log"], read, owners);
  for (const name of ["data", "home", "cache"]) makeOwned(apps, [app, name], own, owners);
}

/** Makes a build's directory, with an empty tree and a place for what the build has in /tmp. */
export function makeBuildFolders(apps: string, app: string, build: number, owners: Owners): void {
  const parts = [app, "builds", String(build)];
  makeOwned(apps, parts, shared, owners);
  makeOwned(apps, [...parts, "tree"], served, owners);
  makeOwned(apps, [...parts, "tmp"], own, owners);
}

/** What is there already must be root's, begun and not finished, or whose it is to be. */
function makeOwned(root: string, parts: readonly string[], kind: Kind, owners: Owners): void {
  const parent = openDirectory(root, parts.slice(0, -1));
  const name = parts.at(-1) ?? "";
  try {
    mkdirSync(`/proc/self/fd/${parent}/${name}`, { mode: 0o700 });
  } catch (error) {
    if (!isNodeError(error) || error.code !== "EEXIST") throw error;
  } finally {
    closeSync(parent);
  }
  const uid = kind.uid === "root" ? 0 : owners.app;
  const fd = openDirectory(root, parts);
  try {
    const found = fstatSync(fd).uid;
    if (found !== 0 && found !== uid) {
      throw new Refusal("conflict", `${quote(parts.join("/"))} was made by somebody else (user ${found}).`);
    }
    // By descriptor, and a directory has no second name: what is given away is what was looked at.
    fchownSync(fd, uid, owners[kind.gid]);
    fchmodSync(fd, kind.mode);
  } finally {
    closeSync(fd);
  }
}
