import { createServer } from "node:net";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";

/**
 * A port of the range that no instance holds and nobody listens on. Goes round the range from `after`, so that a port
 * just given back rests for a while: an idle connection of the edge may still lead there.
 */
export async function freePort(range: Limits["ports"], held: ReadonlySet<number>, after: number): Promise<number> {
  const size = range.last - range.first + 1;
  for (let step = 1; step <= size; step += 1) {
    const port = range.first + ((((after - range.first + step) % size) + size) % size);
    if (!held.has(port) && (await isFree(port))) return port;
  }
  throw new Refusal("internal", `No port from ${range.first} to ${range.last} is free.`);
}

/** True when a listener can be opened there now; one on all addresses counts as taken as well. As sys/free-port.ts, which the daemon does not load. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
