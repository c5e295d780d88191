/**
 * Whose the server's own directories are in system mode (docs/adr/0006): made before anything is started, and put right at
 * every start. What root writes in belongs to root, so that neither `hop3d` nor the edge can lead it elsewhere by a link.
 */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { relative } from "node:path";
import type { Layout } from "#core/layout.ts";
import { ownDirectory, type Ownership } from "./own-directory.ts";

/**
 * Numbers of this host: each of the two users has a group of the same number, `files` is the group that both are in, and
 * `apps` the one that all apps are in.
 */
export type ServerIds = {
  readonly hop3: number;
  readonly edge: number;
  readonly files: number;
  readonly apps: number;
};

type Folder = readonly [path: string, owner: Ownership];

/** Root and run directory; the parents of both belong to root. */
export function makeServerFolders(layout: Layout, ids: ServerIds): void {
  for (const [base, folders] of [
    [layout.root, belowRoot(layout, ids)],
    [layout.run, belowRun(layout, ids)],
  ] as const) {
    mkdirSync(base, { recursive: true });
    for (const [path, owner] of folders) {
      if (path !== base) ownDirectory(base, relative(base, path).split("/"), owner);
      else {
        chownSync(base, owner.uid, owner.gid);
        chmodSync(base, owner.mode);
      }
    }
  }
}

/** Those above come before those below. */
function belowRoot(layout: Layout, { hop3, edge, files }: ServerIds): Folder[] {
  const hop3d = { uid: hop3, gid: hop3, mode: 0o700 };
  const shown = { uid: hop3, gid: files, mode: 0o2750 };
  return [
    // Sticky: `hop3d` has its database here, and cannot exchange what root has made.
    [layout.root, { uid: 0, gid: hop3, mode: 0o3771 }],
    [layout.supervisor, { uid: 0, gid: 0, mode: 0o700 }],
    // The gate: no app's user and no stranger passes without walls.
    [layout.apps, { uid: 0, gid: files, mode: 0o750 }],
    [layout.incoming, hop3d],
    [layout.hop3dHome, hop3d],
    [layout.git, hop3d],
    [layout.ssh, hop3d],
    [layout.logs, { uid: 0, gid: hop3, mode: 0o2750 }],
    [layout.edge, { uid: 0, gid: files, mode: 0o750 }],
    [layout.edgeDocumentFolder, shown],
    [layout.edgeLinks, shown],
    [layout.edgeSlots, { uid: 0, gid: files, mode: 0o2750 }],
    // Keys of certificates: the edge's alone.
    [layout.edgeStorage, { uid: edge, gid: edge, mode: 0o700 }],
  ];
}

function belowRun(layout: Layout, { hop3, edge, files }: ServerIds): Folder[] {
  return [
    [layout.run, { uid: 0, gid: files, mode: 0o2750 }],
    [layout.instanceSockets, { uid: 0, gid: files, mode: 0o710 }],
    [layout.sessionSockets, { uid: 0, gid: hop3, mode: 0o710 }],
    [layout.hop3dSockets, { uid: hop3, gid: hop3, mode: 0o700 }],
    // Of links to sockets of apps, for who dials them (walls/door.ts).
    [layout.doors, { uid: 0, gid: files, mode: 0o710 }],
    // The API's socket: made by `hop3d`, for the edge alone.
    [layout.apiSockets, { uid: hop3, gid: edge, mode: 0o2750 }],
    [layout.edgeSockets, { uid: edge, gid: hop3, mode: 0o2750 }],
  ];
}
