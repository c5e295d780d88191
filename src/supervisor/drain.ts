import type { Clock } from "#sys/clock.ts";
import { connectionsTo } from "./proc-net.ts";

const sampleMs = 100;
/**
 * Looks without a connection before nobody is believed to come any more. A request that read a slot just before it was
 * rewritten dials within this time.
 */
const quietSamples = 5;

/**
 * Resolves `idle` when nothing is connected to the address any more, `grace` when `until` (ms since the epoch) has come
 * first. Its slots must have been rewritten before.
 */
export async function untilDrained(
  address: string,
  until: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<"idle" | "grace"> {
  for (let quiet = 0; ;) {
    if (clock.now() >= until) return "grace";
    quiet = connectionsTo(address) === 0 ? quiet + 1 : 0;
    if (quiet >= quietSamples) return "idle";
    await clock.sleep(sampleMs, signal);
  }
}
