/** Keeps repositories small: packs what is loose, and drops what refused and failed pushes have left, once that is a day old. */
import { existsSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { listApps } from "#store/apps.ts";
import { exec } from "#sys/exec.ts";
import type { Platform } from "../platform.ts";
import { gitEnvironment, type GitPlace } from "./git-environment.ts";
import { pushLine } from "./push-line.ts";

/** Milliseconds: between two rounds, the first of which is somewhere in the first tenth; and for one repository. */
const day = 24 * 60 * 60 * 1000;
const patience = 30 * 60 * 1000;

/** Runs until hop3d stops; never rejects. `random` gives numbers from 0 to 1. */
export async function packDaily(platform: Platform, place: GitPlace, random: () => number): Promise<void> {
  const { clock, stopping, store, layout, queue, log } = platform;
  for (let wait = (day / 10) * random(); !stopping.aborted; wait = day * (0.9 + 0.2 * random())) {
    await clock.sleep(wait, stopping).catch(() => undefined);
    const apps = await listApps(store).catch(() => []);
    for (const { name } of apps) {
      const directory = layout.repository(name);
      if (stopping.aborted || !existsSync(directory)) continue;
      await queue
        .run(pushLine(name), () => packRepository(directory, place, stopping))
        .catch((error: unknown) => log.warn("a repository could not be packed", { app: name, error }));
    }
  }
}

/** What no branch, tag or hidden ref leads to stays for a day: a push that waits has its objects there already. */
export async function packRepository(directory: string, place: GitPlace, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await exec(["git", "gc", "--quiet", "--prune=1.day.ago"], {
    cwd: directory,
    env: gitEnvironment(place, { GIT_DIR: directory }),
    timeoutMs: patience,
    signal,
  });
  if (exitCode !== 0)
    throw new AppError("UNAVAILABLE", "git could not pack a repository.", { cause: new Error(stderr.slice(-2000)) });
}
