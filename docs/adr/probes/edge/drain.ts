// When may an instance get its TERM? Nothing new reaches it, nothing is under way, or its grace is over.
import { type Address, connectionsTo } from "./address.ts";
import { pause } from "./processes.ts";

export type DrainEnd = "idle" | "grace";
const SAMPLE_MS = 100;
const QUIET_SAMPLES = 5;

/**
 * A sample counts when the proxy has answered a fence after the previous one, so a proxy that is stopped or
 * starved cannot pass for an idle one.
 */
export async function drain(address: Address, fence: () => Promise<void>, graceMs: number): Promise<DrainEnd> {
  const deadline = performance.now() + graceMs;
  let quiet = 0;
  for (;;) {
    await fence();
    quiet = connectionsTo(address) === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_SAMPLES) return "idle";
    if (performance.now() > deadline) return "grace";
    await pause(SAMPLE_MS);
  }
}
