/**
 * Starts take turns, so that many processes that are due at once (a reboot, a database that all wait for) do not take the
 * whole host: a bounded number of them starts at a time. A start holds its place until it is ready, for `hold` at most, and
 * one that ends instead for `least`: what dies at once takes no more than that many starts of each `least`.
 */
import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";

/** Who goes first: a deploy's first tries, for somebody waits; then what has not run yet; then what comes back. */
export type Rank = 0 | 1 | 2;

export type Turn = {
  /** It is up: the next one may start. */
  ready(): void;
  /** It has ended, or was not started. */
  ended(): void;
};

export type TurnTimes = {
  readonly atOnce: number;
  /** Milliseconds. */
  readonly hold: number;
  readonly least: number;
};

export class StartTurns {
  #free: number;
  readonly #waiting: { readonly rank: Rank; readonly begin: () => void }[] = [];
  readonly #times: TurnTimes;
  readonly #clock: Clock;

  constructor(times: TurnTimes, clock: Clock) {
    this.#free = times.atOnce;
    this.#times = times;
    this.#clock = clock;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits for a place. Rejects with the signal's reason when it is aborted while it waits. */
  async take(rank: Rank, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(rank, signal);
    return this.#hold();
  }

  #wait(rank: Rank, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      };
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const entry = { rank, begin };
      const later = this.#waiting.findIndex((other) => other.rank > rank);
      this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, entry);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #hold(): Turn {
    const clock = this.#clock;
    const { hold, least } = this.#times;
    const began = clock.elapsed();
    const given = new AbortController();
    const give = (): void => {
      if (given.signal.aborted) return;
      given.abort();
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.begin();
    };
    void after(clock, hold, given.signal, give);
    return {
      ready: give,
      ended: () => void after(clock, Math.max(0, least - (clock.elapsed() - began)), given.signal, give),
    };
  }
}
