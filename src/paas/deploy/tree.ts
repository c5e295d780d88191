/** A build's tree is written once: sealed when the build has ended, opened again only to be removed. */
import { lstat, rm } from "node:fs/promises";
import { AppError, isNodeError } from "#core/errors.ts";
import type { PluginContext } from "#core/plugin.ts";

/** Takes write permission from everything in the tree; links are left alone. Throws INVALID_SOURCE when it is one itself. */
export async function sealTree(tree: string, exec: PluginContext["exec"]): Promise<void> {
  // A build can put a link in the place of its own folder, and chmod follows the one that it is called with.
  if (!(await lstat(tree)).isDirectory()) {
    throw new AppError("INVALID_SOURCE", "The build left something else in the place of the app's folder.");
  }
  await chmod("a-w", tree, exec);
}

/** Removes a directory with sealed trees in it, or what a build has put in its place; nothing when it is gone already. */
export async function removeTree(directory: string, exec: PluginContext["exec"]): Promise<void> {
  const found = await lstat(directory).catch((error: unknown) => {
    if (isNodeError(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
  // As above: the link goes, what it leads to is left alone.
  if (found?.isDirectory() === true) await chmod("u+rwX", directory, exec);
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}

async function chmod(mode: string, directory: string, exec: PluginContext["exec"]): Promise<void> {
  // chmod -R does not follow the links that it meets.
  const done = await exec(["/bin/chmod", "-R", mode, "--", directory]);
  if (done.exitCode !== 0) {
    throw new AppError("INTERNAL", "Permissions of a build could not be changed.", { cause: new Error(done.stderr) });
  }
}
