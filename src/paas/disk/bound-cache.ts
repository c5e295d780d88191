/**
 * The bound of an app's build cache: package tools only ever add to theirs, so one that has grown too large is emptied
 * after a build, which the next build pays for with downloads. Nothing that runs reads it.
 */
import { appendFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { diskUsage } from "#sys/disk-usage.ts";
import type { Platform } from "../platform.ts";
import { discard, type WithTrash } from "./trash.ts";

/** Bytes. */
export const cacheMax = 2 * 1024 ** 3;

/** Milliseconds of rest in a walk (sys/disk-usage.ts). */
const restMs = 2;

/** To be called in the app's line, when `build` has ended, whose output says what was done. */
export async function boundCache(
  platform: WithTrash & Pick<Platform, "clock" | "stopping">,
  app: string,
  build: number,
  most = cacheMax,
): Promise<void> {
  const { layout, clock, stopping } = platform;
  const cache = layout.appCache(app);
  const { bytes } = await diskUsage(cache, () => clock.sleep(restMs, stopping));
  if (bytes <= most) return;
  await discard(platform, cache);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const text = `The build cache took ${mega(bytes)} MB, more than ${mega(most)} MB, and was emptied.`;
  appendFileSync(layout.buildLog(app, build), `${new Date(clock.now()).toISOString()} sys ${text}\n`);
}

function mega(bytes: number): number {
  return Math.round(bytes / 1e6);
}
