/** Finds a TCP port that nobody listens on. */
import { createServer } from "node:net";

/** True when this host and port can be listened on now. */
export function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The wanted port, or the next free one of the hundred after it; undefined when all are taken. `promised` were given to
 * somebody who does not listen yet.
 */
export async function freePortFrom(
  wanted: number,
  host: string,
  promised: readonly number[] = [],
): Promise<number | undefined> {
  for (let port = wanted; port < Math.min(wanted + 100, 65_536); port += 1) {
    if (!promised.includes(port) && (await canListen(port, host))) return port;
  }
  return undefined;
}
