/**
 * The door of an instance: where the edge dials its unix socket. The app owns the directory in which it makes the socket and
 * may put a link to anybody's in its place at any moment, which the edge would follow with its own rights, to its own admin
 * socket for one. So what is dialed is a hard link to the socket itself, in a directory that only root writes.
 */
import { chmodSync, chownSync, closeSync, linkSync, lstatSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { quote } from "#core/names.ts";
import { Refusal } from "../refusal.ts";
import { openDirectory } from "../safe-path.ts";

export type Door = {
  /** What to dial, there once it was opened. */
  readonly path: string;
  /** Makes the door lead to the socket that is there now; costs two looks when it does already. Throws a Refusal when it is no socket of the app's. */
  open(): void;
  /** Removes it. */
  close(): void;
};

type Place = {
  /** Directory of the directories in which apps make their sockets, and of the doors; on one file system. */
  readonly sockets: string;
  readonly doors: string;
  /** Name of the instance's directory, and of its door. */
  readonly id: string;
  /** User of the app, and group of those who dial. */
  readonly owners: { readonly app: number; readonly edge: number };
};

export function doorOf({ sockets, doors, id, owners }: Place): Door {
  const path = join(doors, id);
  const isOpen = (socket: string): boolean => {
    const [made, linked] = [socket, path].map((one) => lstatSync(one, { throwIfNoEntry: false }));
    // The link keeps the number of what it leads to from being given to another.
    return made !== undefined && made.ino === linked?.ino && made.dev === linked.dev;
  };
  return {
    path,
    open: () => {
      const directory = openDirectory(sockets, [id]);
      const draft = `${path}.new`;
      try {
        const socket = `/proc/self/fd/${directory}/s.sock`;
        if (isOpen(socket)) return;
        rmSync(draft, { force: true });
        // Whatever lies there, a link itself if it is one, and from now on nobody but root can exchange it.
        linkSync(socket, draft);
        const found = lstatSync(draft);
        if (!found.isSocket() || found.uid !== owners.app)
          throw new Refusal("invalid", `${quote(id)} is no socket of the app's.`);
        // Programs make them for their own user alone.
        chownSync(draft, owners.app, owners.edge);
        chmodSync(draft, 0o660);
        renameSync(draft, path);
      } finally {
        closeSync(directory);
        rmSync(draft, { force: true });
      }
    },
    close: () => rmSync(path, { force: true }),
  };
}
