/**
 * Holds apps to what they may have on the disk, by counting: where no file system does it for us, nothing can refuse a
 * write, so an app is looked at, and ended when it has too much. All of it then: instances, jobs, sessions; it stays stopped,
 * and is neither started nor built until it has less or may have more. One-off commands run, to tidy up with, as long as
 * they add nothing.
 *
 * An app is counted once a minute, or as soon as the whole file system has grown by what the app has left, which is looked
 * at every two seconds; but a count that takes long is not repeated before twenty times (five times) as long has passed.
 */
import { statfsSync } from "node:fs";
import { limitText, type AppLimits, type WholeLimits } from "#core/app-limits.ts";
import type { Clock } from "#sys/clock.ts";
import type { OwnLog } from "../own-log.ts";
import { Refusal } from "../refusal.ts";
import { DiskAllowed, type AllowedOptions } from "./disk-allowed.ts";
import type { DiskKeeper } from "./keeper.ts";
import type { DiskUse } from "./usage.ts";

export type DiskLimitsOptions = AllowedOptions & {
  /** On the file system that is looked at. */
  readonly place: string;
  readonly clock: Clock;
  readonly log: OwnLog;
  /** All that may have files. */
  readonly apps: () => readonly string[];
  readonly measure: (app: string, withInodes: boolean) => Promise<DiskUse | undefined>;
  /** Ends all that runs of the app, and keeps it from being started again. */
  readonly end: (app: string, reason: string) => Promise<void>;
};

type Used = { readonly bytes: number; readonly files: number };
type Count = { readonly use: DiskUse | undefined; readonly at: number; readonly took: number; readonly around: Used };

/** Milliseconds between two looks at the file system, and two counts of an app. */
export const lookMs = 2000;
export const countMs = 60_000;
/** How much longer an app rests than it was counted, regularly and when it may have grown beyond its limit. */
const rest = { regular: 20, urgent: 5 };

export class DiskLimits implements DiskKeeper {
  readonly how = "counting";
  readonly #options: DiskLimitsOptions;
  readonly #counts = new Map<string, Count>();
  readonly #over = new Map<string, { readonly reason: string; readonly use: DiskUse | undefined }>();
  readonly #allowed: DiskAllowed;

  constructor(options: DiskLimitsOptions) {
    this.#options = options;
    this.#allowed = new DiskAllowed(options);
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        log("the disk of apps could not be looked at", { reason: String(error) });
      }
      await clock.sleep(lookMs, signal).catch(() => undefined);
    }
  }

  async look(): Promise<void> {
    const { apps, log, end } = this.#options;
    const around = this.#around();
    for (const app of apps()) {
      const limit = this.#allowed.of(app);
      if (limit.disk === undefined && limit.inodes === undefined) {
        this.#counts.delete(app);
        this.#over.delete(app);
        continue;
      }
      if (!this.#isDue(app, limit, around)) continue;
      const before = this.#over.get(app);
      const { use } = await this.#count(app, limit);
      const reason = overText(use, limit);
      if (reason === null) {
        this.#over.delete(app);
        continue;
      }
      this.#over.set(app, { reason, use });
      if (before !== undefined && !hasGrown(before.use, use)) continue;
      log("ended for its files", { app, reason });
      await end(app, reason);
    }
  }

  held(app: string): string | null {
    return this.#over.get(app)?.reason ?? null;
  }

  /** One that was held is counted anew. */
  async admit(app: string, limits: AppLimits): Promise<void> {
    const { allowed } = this.#options;
    const whole = allowed(limits);
    if (overText(this.#counts.get(app)?.use, whole) === null && !this.#over.has(app)) return;
    const { use } = await this.#count(app, whole);
    const reason = overText(use, whole);
    if (reason !== null) throw new Refusal("disk", `${app} is held back: ${reason}`);
    if (overText(use, this.#allowed.of(app)) === null) this.#over.delete(app);
  }

  async admitBuild(app: string, limits: AppLimits): Promise<void> {
    await this.admit(app, limits);
    this.#allowed.building(app, limits);
  }

  #isDue(app: string, limit: WholeLimits, around: Used): boolean {
    const count = this.#counts.get(app);
    if (count === undefined) return true;
    const rested = this.#options.clock.elapsed() - count.at;
    if (rested >= Math.max(countMs, rest.regular * count.took)) return true;
    const { use } = count;
    const left = {
      bytes: (limit.disk ?? Infinity) - (use?.bytes ?? 0),
      files: (limit.inodes ?? Infinity) - (use?.inodes ?? 0),
    };
    const mayBeOver = around.bytes - count.around.bytes > left.bytes || around.files - count.around.files > left.files;
    // One that is held is watched for what tidies up.
    return (mayBeOver || this.#over.has(app)) && rested >= Math.max(lookMs, rest.urgent * count.took);
  }

  async #count(app: string, limit: WholeLimits): Promise<Count> {
    const { clock, measure } = this.#options;
    const around = this.#around();
    const begun = clock.elapsed();
    const use = await measure(app, limit.inodes !== undefined);
    const at = clock.elapsed();
    const count = { use, at, took: at - begun, around };
    this.#counts.set(app, count);
    return count;
  }

  #around(): Used {
    const { bsize, blocks, bfree, files, ffree } = statfsSync(this.#options.place);
    return { bytes: (blocks - bfree) * bsize, files: files - ffree };
  }
}

/** For people; null when all is within. What cannot be counted is taken to be too much, or an app could hide what it has. */
function overText(use: DiskUse | undefined, { disk = Infinity, inodes = Infinity }: WholeLimits): string | null {
  if (disk === Infinity && inodes === Infinity) return null;
  if (use === undefined) return "its files cannot be counted.";
  if (use.bytes > disk)
    return `it has ${limitText("disk", use.bytes)} on the disk, and may have ${limitText("disk", disk)}.`;
  if ((use.inodes ?? 0) > inodes) return `it has ${use.inodes} files and folders, and may have ${inodes}.`;
  return null;
}

/** Some is written even by who removes files. */
function hasGrown(before: DiskUse | undefined, now: DiskUse | undefined): boolean {
  if (before === undefined || now === undefined) return false;
  const slack = 1024 * 1024;
  return now.bytes > before.bytes + slack || (now.inodes ?? 0) > (before.inodes ?? 0) + 100;
}
