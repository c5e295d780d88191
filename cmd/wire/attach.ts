/** Finds a supervisor that serves this root already, for example after the terminal of `npm start` was lost. */
import { existsSync } from "node:fs";
import type { Layout } from "#core/layout.ts";
import { connectSupervisor } from "#supervisor/client.ts";
import { systemClock } from "#sys/clock.ts";
import { protocolVersion } from "#supervisor/protocol.ts";

/** Its process id; undefined when none answers. */
export async function runningSupervisor(layout: Layout): Promise<number | undefined> {
  if (!existsSync(layout.supervisorSocket)) return undefined;
  const client = connectSupervisor(layout.supervisorSocket);
  try {
    const { pid } = await client.call("hello", { protocol: protocolVersion }, { signal: AbortSignal.timeout(3000) });
    return pid;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

export async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await systemClock.sleep(200);
  }
}
