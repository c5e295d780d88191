/** Writes slots, and goes on trying where they cannot be written: on a full disk the edge must hear of it when there is room. */
import type { Layout } from "#core/layout.ts";
import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";
import type { OwnLog } from "./own-log.ts";
import { readSlots, writeSlots } from "./slots.ts";

/** Milliseconds between two tries. */
const pause = 500;

type Options = {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly log: OwnLog;
  readonly fault: (point: string) => void;
};

export class SlotWriter {
  readonly #options: Options;
  /** Apps whose slots wait to be written again. */
  readonly #due = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Makes the slots say `addresses`; where there is none, those of `may` that they say already. False when they could not be
   * written: then `again` is called a little later, which looks at what they have to say by then.
   */
  write(app: string, addresses: readonly string[], may: ReadonlySet<string>, again: () => unknown): boolean {
    const { layout, clock, log, fault } = this.#options;
    try {
      const kept = addresses.length > 0 ? [] : readSlots(layout, app).filter((address) => may.has(address));
      fault("before-slots");
      writeSlots(layout, app, addresses.length > 0 ? addresses : kept);
      fault("after-slots");
      return true;
    } catch (error) {
      if (this.#due.has(app)) return false;
      this.#due.add(app);
      log("the slots could not be written; it is tried until they are", { app, reason: String(error) });
      void after(clock, pause, new AbortController().signal, () => {
        this.#due.delete(app);
        again();
      });
      return false;
    }
  }
}
