/** The ends of one process that were not asked for: how many in a row, what follows from the next, and when. */
import type { Clock } from "#sys/clock.ts";
import type { InstanceState } from "./instance.ts";
import { backoffWait, eventOf, type Ending } from "./restart.ts";
import type { Timing } from "./supervised-options.ts";

export class Crashes {
  /** Restarts since it was first started here. */
  restarts = 0;
  /** Processes that the kernel has ended because memory was used up, in runs that are over. */
  outOfMemory = 0;
  /** When it is started again (ms since the epoch), while it waits for that. */
  retryAt: number | null = null;
  /** Restarts without a sustained run between them. */
  #inARow = 0;
  /** By `Clock.elapsed`; undefined while it is not ready. */
  #readyAt: number | undefined;
  readonly #clock: Clock;
  readonly #timing: Timing;

  constructor(clock: Clock, timing: Timing) {
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Restarts without a sustained run between or after them. */
  get inARow(): number {
    return this.#isSustained() ? 0 : this.#inARow;
  }

  /** Its state has changed to this one. */
  entered(state: InstanceState): void {
    if (state === "ready") this.#readyAt = this.#clock.elapsed();
    if (state !== "backoff") this.retryAt = null;
  }

  /** Somebody wants it tried as if nothing had happened. */
  reset(): void {
    this.#inARow = 0;
  }

  /** It has ended, or could not be started: what that is to its state. */
  ended(ending: Omit<Ending, "restarts" | "most">): ReturnType<typeof eventOf> {
    if (this.#isSustained()) this.reset();
    this.#readyAt = undefined;
    return eventOf({ ...ending, restarts: this.#inARow, most: this.#timing.restartsMax });
  }

  /** Counts a restart that will be; answers how many milliseconds it has to wait. */
  arm(): number {
    const wait = backoffWait(this.#inARow, this.#timing.backoffFirst, this.#timing.backoffMax);
    this.#inARow += 1;
    this.restarts += 1;
    this.retryAt = this.#clock.now() + wait;
    return wait;
  }

  #isSustained(): boolean {
    return this.#readyAt !== undefined && this.#clock.elapsed() - this.#readyAt >= this.#timing.backoffReset;
  }
}
