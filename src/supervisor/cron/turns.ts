/**
 * Whose turn it is: what is due at the same moment does not start at the same moment. One start every 250 ms, at most 16
 * cron jobs at once on the host and 4 of one app; the others wait in the order in which they came. An app that holds its
 * own four holds up nobody else.
 */
import type { Clock } from "#sys/clock.ts";

export type Pace = {
  /** Milliseconds between two starts. */
  readonly between: number;
  readonly atOnce: number;
  readonly ofOneApp: number;
};

export const defaultPace: Pace = { between: 250, atOnce: 16, ofOneApp: 4 };

export type Turn = {
  readonly app: string;
  /** No two turns of one key at once; null for one that may run beside others. */
  readonly key: string | null;
  /** Runs it to its end. Never rejects. */
  readonly work: () => Promise<void>;
};

export class Turns {
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #running = new Set<Turn>();
  #waiting: Turn[] = [];
  #resting = false;

  constructor(clock: Clock, pace: Pace) {
    this.#clock = clock;
    this.#pace = pace;
  }

  add(turn: Turn, first: boolean): void {
    if (first) this.#waiting.unshift(turn);
    else this.#waiting.push(turn);
    this.#next();
  }

  /** Nothing happens to one that has begun. */
  remove(turn: Turn): void {
    this.#waiting = this.#waiting.filter((one) => one !== turn);
  }

  #next(): void {
    if (this.#resting || this.#running.size >= this.#pace.atOnce) return;
    const turn = this.#waiting.find((one) => this.#mayBegin(one));
    if (turn === undefined) return;
    this.remove(turn);
    this.#running.add(turn);
    this.#resting = true;
    void turn.work().finally(() => {
      this.#running.delete(turn);
      this.#next();
    });
    void this.#rest();
  }

  async #rest(): Promise<void> {
    await this.#clock.sleep(this.#pace.between);
    this.#resting = false;
    this.#next();
  }

  #mayBegin({ app, key }: Turn): boolean {
    const running = [...this.#running];
    if (key !== null && running.some((one) => one.key === key)) return false;
    return running.filter((one) => one.app === app).length < this.#pace.ofOneApp;
  }
}
