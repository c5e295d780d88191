/** Collects every app shortly after a start and then about once a day, each in its own line. */
import { listApps } from "#store/apps.ts";
import type { Platform } from "../platform.ts";
import { collect } from "./collect.ts";

/** Milliseconds. The first time is anywhere in the first minute, the others a day apart, give or take a tenth. */
const first = 60_000;
const day = 24 * 60 * 60 * 1000;

/** Runs until hop3d stops; never rejects. `random` gives numbers from 0 to 1. */
export async function collectDaily(platform: Platform, random: () => number): Promise<void> {
  const { clock, stopping } = platform;
  for (let wait = first * random(); !stopping.aborted; wait = day * (0.9 + 0.2 * random())) {
    const slept = await clock.sleep(wait, stopping).then(
      () => true,
      () => false,
    );
    if (slept) await collectAll(platform);
  }
}

async function collectAll(platform: Platform): Promise<void> {
  const { store, queue, stopping, log } = platform;
  const apps = await listApps(store).catch((error: unknown) => {
    log.warn("what is old could not be looked for; it will be tomorrow", { error });
    return [];
  });
  for (const { name } of apps) {
    try {
      if (!stopping.aborted) await queue.run(name, () => collect(platform, name));
    } catch (error) {
      log.warn("what is old of an app could not be removed; it will be tried again", { app: name, error });
    }
  }
}
