/** Directories of system mode that more than one user uses, and only root can exchange. */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import type { Layout } from "#core/layout.ts";

/** What all apps see of Hop3's own: `hop3d` adds to it, and only root can put something else in its place. */
export function makeRuntimes(path: string, hop3: number): void {
  mkdirSync(path, { recursive: true });
  chownSync(path, 0, hop3);
  chmodSync(path, 0o3775);
}

/** The edge passes through, and sees no names: they are told by the slots. */
export function makeDoors({ run, doors }: Layout, edge: number): void {
  mkdirSync(doors, { recursive: true });
  chownSync(doors, 0, edge);
  chmodSync(doors, 0o710);
  // What root writes there, as the fence, is the group's to read.
  chownSync(run, 0, edge);
  chmodSync(run, 0o2750);
}
