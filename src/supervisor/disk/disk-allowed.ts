import type { AppLimits, WholeLimits } from "#core/app-limits.ts";
import type { Clock } from "#sys/clock.ts";

/** For how long what is being built counts beside what runs: between its steps nobody says so. */
const buildMs = 15 * 60_000;

export type AllowedOptions = {
  readonly clock: Pick<Clock, "elapsed">;
  /** What each of the app's releases that run or may be started at any moment may have; none for an app without one. */
  readonly releases: (app: string) => readonly WholeLimits[];
  readonly allowed: (limits: AppLimits) => WholeLimits;
};

/** What an app may have on the disk: the most of what runs of it and is built, for its files are those of all of them. */
export class DiskAllowed {
  readonly #options: AllowedOptions;
  readonly #builds = new Map<string, { readonly whole: WholeLimits; readonly until: number }>();

  constructor(options: AllowedOptions) {
    this.#options = options;
  }

  /** These count beside what runs from now on, for as long as a build may take to be a release. */
  building(app: string, limits: AppLimits): void {
    const { allowed, clock } = this.#options;
    this.#builds.set(app, { whole: allowed(limits), until: clock.elapsed() + buildMs });
  }

  /** The server's own ceiling where nothing runs or is built. `more`: of what is about to be begun. */
  of(app: string, more: readonly WholeLimits[] = []): WholeLimits {
    const { releases, allowed, clock } = this.#options;
    const build = this.#builds.get(app);
    const isOver = build === undefined || build.until < clock.elapsed();
    if (isOver) this.#builds.delete(app);
    const all = [...releases(app), ...more, ...(isOver ? [] : [build.whole])];
    if (all.length === 0) return allowed({ app: {}, types: {} });
    const most = (name: "disk" | "inodes") => {
      const found = Math.max(...all.map((one) => one[name] ?? Infinity));
      return found === Infinity ? {} : { [name]: found };
    };
    return { ...most("disk"), ...most("inodes") };
  }
}
