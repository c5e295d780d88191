/**
 * Whose the directories of an app are, in system mode (docs/adr/0006). Those that others are in belong to root, are open to
 * `hop3d` to add to, and sticky: nobody but root can move or exchange what root has put there. So a path below them that
 * the supervisor has made stays what it is, and may be handed to a tool that takes paths.
 */
import { ownDirectory } from "./own-directory.ts";

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
  for (const name of ["builds", "releases", "sessions"]) makeOwned(apps, [app, name], shared, owners);
  makeOwned(apps, [app, "log"], read, owners);
  for (const name of ["data", "home", "cache"]) makeOwned(apps, [app, name], own, owners);
}

/** Makes the place of a volume, and of all of them. `name` may be that of one which is filled (docs/architecture.md). */
export function makeVolumeFolder(apps: string, app: string, name: string, owners: Owners): void {
  makeOwned(apps, [app, "volumes"], read, owners);
  makeOwned(apps, [app, "volumes", name], own, owners);
}

/** Makes a build's directory, with an empty tree and a place for what the build has in /tmp. */
export function makeBuildFolders(apps: string, app: string, build: number, owners: Owners): void {
  const parts = [app, "builds", String(build)];
  makeOwned(apps, parts, shared, owners);
  makeOwned(apps, [...parts, "tree"], served, owners);
  makeOwned(apps, [...parts, "tmp"], own, owners);
}

function makeOwned(root: string, parts: readonly string[], kind: Kind, owners: Owners): void {
  ownDirectory(root, parts, { uid: kind.uid === "root" ? 0 : owners.app, gid: owners[kind.gid], mode: kind.mode });
}
