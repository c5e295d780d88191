/** Brings repositories in line with what serves, also after a hop3d that was killed over a push. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isNodeError } from "#core/errors.ts";
import { listApps } from "#store/apps.ts";
import { lastPushed } from "#store/deploys.ts";
import { deployBranch, setDeployBranch } from "#store/sources.ts";
import type { Platform } from "../platform.ts";
import type { GitPlace } from "./git-environment.ts";
import { pushLine } from "./push-line.ts";
import { moveBranch, pointHead, repositoryAt, type Repository } from "./repository.ts";

/** What went live from a push is where its branch is; the first such branch is the app's. Safe to repeat. */
export async function settleBranch(
  { store }: Pick<Platform, "store">,
  repository: Repository,
  app: string,
  { branch, commit }: { readonly branch: string; readonly commit: string },
): Promise<void> {
  await moveBranch(repository, branch, commit);
  if ((await deployBranch(store, app)) !== null) return;
  await setDeployBranch(store, app, branch);
  await pointHead(repository, branch);
}

/** To be called before requests are taken, when no git process of ours runs: removes what a killed one has left. */
export async function tidyRepositories({
  layout,
  store,
  log,
}: Pick<Platform, "layout" | "store" | "log">): Promise<void> {
  const apps = new Set((await listApps(store)).map(({ name }) => name));
  for (const name of await namesIn(layout.git)) {
    const directory = join(layout.git, name);
    if (directory === layout.gitHooks) continue;
    const app = name.replace(/\.git$/, "");
    try {
      if (name !== app && apps.has(app)) await removeRemains(directory);
      else await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      log.error("a repository could not be tidied up", { app, error });
    }
  }
}

/** To be called when what a predecessor left half done has its end: a push that went live without its branch gets it. */
export async function settleRepositories(platform: Platform, place: GitPlace): Promise<void> {
  const { layout, store, queue, log } = platform;
  for (const { name } of await listApps(store)) {
    if (!existsSync(layout.repository(name))) continue;
    await queue
      .run(pushLine(name), async () => {
        const last = await lastPushed(store, name);
        if (last !== undefined) await settleBranch(platform, repositoryAt(layout.repository(name), place), name, last);
      })
      .catch((error: unknown) => log.error("a repository could not be put right", { app: name, error }));
  }
}

/** A lock that nobody holds would keep every later push out. */
async function removeRemains(directory: string): Promise<void> {
  for (const name of await readdir(directory, { recursive: true })) {
    if (!/\.lock$|^objects\/(tmp_objdir-|pack\/tmp_|[0-9a-f]{2}\/tmp_obj_)[^/]*$/.test(name)) continue;
    // No name of a branch ends so: git refuses it.
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return [];
    throw error;
  }
}
