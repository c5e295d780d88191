/** When a health check is tried again, and when that is enough. Pure but for what it is handed. */
import type { Healthcheck } from "#core/healthcheck.ts";

/** Milliseconds before the second try; each further wait is twice as long, up to `interval`. */
const firstWait = 500;

export type Tries<Failed> = {
  /** Asks once. What is `lost` says nothing, and is asked again. */
  readonly ask: () => Promise<"well" | "lost" | Failed>;
  /** Milliseconds since the start period began. */
  readonly elapsed: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
};

/** The last failure, and how often was asked; undefined when it is well. */
export async function tryUntilWell<Failed extends object>(
  check: Omit<Healthcheck, "probe" | "timeout">,
  { ask, elapsed, wait }: Tries<Failed>,
): Promise<{ readonly last: Failed; readonly tries: number } | undefined> {
  let tries = 0;
  let failures = 0;
  let successes = 0;
  for (let pause = firstWait; ; pause *= 2) {
    // A try counts by when it began: one that hangs must not make its own failure count.
    const counts = elapsed() >= check.startPeriod * 1000;
    const found = await ask();
    if (found === "well") {
      tries += 1;
      successes += 1;
      if (successes >= check.successThreshold) return undefined;
    } else if (found !== "lost") {
      tries += 1;
      successes = 0;
      if (counts) failures += 1;
      if (failures > check.retries) return { last: found, tries };
    }
    await wait(Math.min(pause, check.interval * 1000));
  }
}
