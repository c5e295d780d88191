/**
 * The files of apps: made, filled, sealed and removed by the supervisor, for in system mode nobody else may (docs/adr/0006).
 * User mode does the same with plain directories of its one user; AppArea (app-area.ts) is its counterpart.
 */
import { closeSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { AppError, isNodeError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import type { HostTool } from "./host-tool.ts";
import { Refusal } from "./refusal.ts";
import { makeDirectory } from "./safe-path.ts";
import { emptyTree, sealTree, unsealTree } from "./walls/tree-commands.ts";

/** All may be repeated; whoever dies between two steps of one is finished by the next try. */
export type AppFiles = {
  /** What an app has from its first day. */
  make(app: string): Promise<void>;
  /** The directory of a build, to which `hop3d` adds its record and the upload. */
  makeBuild(app: string, build: number): void;
  /** Makes the build's tree of what `hop3d` has put at its upload; that may be left there, and is `hop3d`'s to remove. */
  take(app: string, build: number): Promise<void>;
  /** Closes the tree for writing. No process of the build may be left. */
  seal(app: string, build: number): Promise<void>;
  /** Removes a build; with `keepOutput` all but what it has said. Nothing may run from it. */
  removeBuild(app: string, build: number, keepOutput: boolean): Promise<void>;
  clearCache(app: string): Promise<void>;
  /** Makes the place of a volume, or of one that is being filled. */
  makeVolume(app: string, name: string): void;
  /** Removes all of an app; nothing of it may run. */
  remove(app: string): Promise<void>;
};

/** Seconds that one of the tools may take. */
const seconds = 900;

/** Of user mode. */
export function plainFiles(layout: Layout, tool: HostTool): AppFiles {
  const run = async (command: readonly string[], what: string): Promise<void> => {
    const done = await tool(command, undefined, { seconds });
    if (done.status !== 0) throw filesFailed(what, done.stderr);
  };
  const empty = async (directory: string): Promise<void> => {
    await run(unsealTree(directory), "could not be opened");
    await run(emptyTree(directory), "could not be emptied");
  };
  return {
    async make(app) {
      for (const path of [layout.appData(app), layout.appHome(app), layout.appCache(app), layout.appLogs(app)]) {
        mkdirSync(path, { recursive: true, mode: 0o700 });
      }
    },
    makeBuild: (app, build) => void mkdirSync(layout.build(app, build), { recursive: true, mode: 0o755 }),
    async take(app, build) {
      const tree = layout.buildTree(app, build);
      if (existsSync(layout.buildUpload(app, build))) renameSync(layout.buildUpload(app, build), tree);
      else if (!existsSync(tree)) throw new Refusal("unknown", `Build ${build} of ${app} has no upload.`);
    },
    async seal(app, build) {
      const tree = layout.buildTree(app, build);
      // A build can put a link in the place of its own folder, and chmod follows the one that it is called with.
      if (!isDirectory(tree)) throw new Refusal("invalid", `The tree of build ${build} of ${app} is no directory.`);
      await run(sealTree(tree), "could not be sealed");
    },
    async removeBuild(app, build, keepOutput) {
      await removeTree(layout, app, build, { isOurs: isDirectory, empty });
      if (!keepOutput) rmSync(layout.build(app, build), { recursive: true, force: true });
    },
    makeVolume(app, name) {
      const volumes = makeDirectory(layout.apps, [app, "volumes"], 1);
      try {
        mkdirSync(`/proc/self/fd/${volumes}/${name}`, { mode: 0o700 });
      } catch (error) {
        if (!isNodeError(error) || error.code !== "EEXIST") throw error;
      } finally {
        closeSync(volumes);
      }
    },
    async clearCache(app) {
      if (isDirectory(layout.appCache(app))) await empty(layout.appCache(app));
    },
    async remove(app) {
      if (!isDirectory(layout.app(app))) return;
      await run(unsealTree(layout.app(app)), "could not be opened");
      rmSync(layout.app(app), { recursive: true, force: true });
    },
  };
}

/**
 * Removes the tree, out of its place by a rename first: whoever dies over it leaves a build with a whole tree or with none.
 * `isOurs` tells what an earlier try has left from what somebody else has put there.
 */
export async function removeTree(
  layout: Layout,
  app: string,
  build: number,
  by: { readonly isOurs: (path: string) => boolean; readonly empty: (directory: string) => Promise<void> },
): Promise<void> {
  const remains = layout.buildRemains(app, build);
  const clear = async (): Promise<void> => {
    if (by.isOurs(remains)) await by.empty(remains);
    rmSync(remains, { recursive: true, force: true });
  };
  await clear();
  const tree = layout.buildTree(app, build);
  if (!by.isOurs(tree)) return rmSync(tree, { recursive: true, force: true });
  try {
    renameSync(tree, remains);
  } catch (error) {
    if (!isNodeError(error) || (error.code !== "ENOSPC" && error.code !== "EDQUOT")) throw error;
    // A full disk has no room for a new name: it is removed where it is.
    await by.empty(tree);
    return rmSync(tree, { recursive: true });
  }
  await clear();
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function filesFailed(what: string, stderr: string): Error {
  if (stderr.includes("No space left on device")) {
    return new Refusal("full", `An app's files ${what}: the disk is full.`);
  }
  if (stderr.includes("Disk quota exceeded")) {
    return new Refusal("disk", `An app's files ${what}: it has as much on the disk as it may.`);
  }
  return new AppError("INTERNAL", `An app's files ${what}: ${stderr.trim().slice(-300)}`);
}
