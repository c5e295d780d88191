/** What runs by the clock now: the cron jobs of each app's live release, and none of an app that is stopped. */
import { parseCronSchedule, type CronSchedule } from "#core/cron-schedule.ts";
import type { CronSpec } from "#core/records.ts";
import type { Apps } from "../apps.ts";
import { Refusal } from "../refusal.ts";
import { nextTime } from "./next-time.ts";

export type CronJob = CronSpec & {
  readonly release: number;
  readonly when: CronSchedule;
  /** The first due time after an instant; null when there is none. Asked every minute, so it remembers. */
  readonly next: (after: number) => number | null;
};

type Known = { readonly release: number; readonly jobs: readonly CronJob[] };

export class Schedules {
  readonly #apps: Apps;
  /** A record is written once, so it is read once; by app. */
  readonly #known = new Map<string, Known>();

  constructor(apps: Apps) {
    this.#apps = apps;
  }

  /** Of the live release, also while the app is stopped. */
  of(app: string): readonly CronJob[] {
    const live = this.#apps.find(app)?.live ?? null;
    if (live === null) return [];
    const known = this.#known.get(app);
    if (known?.release === live) return known.jobs;
    const jobs = this.#read(app, live);
    this.#known.set(app, { release: live, jobs });
    return jobs;
  }

  /** Those that the clock starts. */
  running(): { readonly app: string; readonly job: CronJob }[] {
    return this.#apps
      .names()
      .filter((app) => this.#apps.find(app)?.stopped === false)
      .flatMap((app) => this.of(app).map((job) => ({ app, job })));
  }

  /** Its numbers may be given anew. */
  forget(app: string): void {
    this.#known.delete(app);
  }

  #read(app: string, release: number): readonly CronJob[] {
    try {
      return (this.#apps.release(app, release).cron ?? []).map((spec) => jobOf(spec, release));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#apps.options.log("the cron jobs of a release cannot be told", { app, release, reason: error.message });
      return [];
    }
  }
}

function jobOf(spec: CronSpec, release: number): CronJob {
  const when = parseCronSchedule(spec.schedule);
  if (typeof when === "string") throw new Refusal("invalid", `The schedule of ${spec.name} ${when}.`);
  let from = 0;
  let found: number | null | undefined;
  const next = (after: number): number | null => {
    const isKnown = found !== undefined && after >= from && (found === null || after < found);
    if (!isKnown) found = nextTime(when, spec.timeZone, after);
    if (!isKnown) from = after;
    return found ?? null;
  };
  return { ...spec, release, when, next };
}
