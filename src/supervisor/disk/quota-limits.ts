/** Holds apps to what they may have on the disk where the file system does it: a write beyond that fails, and nothing is ended. */
import type { AppLimits, WholeLimits } from "#core/app-limits.ts";
import type { Clock } from "#sys/clock.ts";
import type { OwnLog } from "../own-log.ts";
import type { DiskAllowed } from "./disk-allowed.ts";
import type { DiskKeeper } from "./keeper.ts";
import type { Quota } from "./quota.ts";

export type QuotaLimitsOptions = {
  readonly quota: Quota;
  readonly allowed: DiskAllowed;
  readonly most: (limits: AppLimits) => WholeLimits;
  readonly apps: () => readonly string[];
  readonly uid: (app: string) => number;
  readonly clock: Clock;
  readonly log: OwnLog;
};

/** Milliseconds between two looks: a release that has gone leaves less to the app. */
const everyMs = 60_000;

export class QuotaLimits implements DiskKeeper {
  readonly how = "quota";
  readonly #options: QuotaLimitsOptions;
  /** What was set last, by user. */
  readonly #set = new Map<number, string>();

  constructor(options: QuotaLimitsOptions) {
    this.#options = options;
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { apps, clock, log } = this.#options;
    while (!signal.aborted) {
      for (const app of apps()) {
        await this.#hold(app).catch((error: unknown) =>
          log("a quota could not be set", { app, reason: String(error) }),
        );
      }
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }

  held(): null {
    return null;
  }

  async admit(app: string, limits: AppLimits): Promise<void> {
    await this.#hold(app, [this.#options.most(limits)]);
  }

  async admitBuild(app: string, limits: AppLimits): Promise<void> {
    this.#options.allowed.building(app, limits);
    await this.#hold(app);
  }

  async #hold(app: string, more: readonly WholeLimits[] = []): Promise<void> {
    const { quota, allowed, uid } = this.#options;
    const limit = allowed.of(app, more);
    const user = uid(app);
    const key = `${limit.disk} ${limit.inodes}`;
    if (this.#set.get(user) === key) return;
    await quota.set(user, limit);
    this.#set.set(user, key);
  }
}
