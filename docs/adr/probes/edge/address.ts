// Where an instance listens, how each tool spells it, and how many connections lead to it.
import { readFileSync } from "node:fs";

export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly port: number };

export function dialOf(address: Address): string {
  return address.kind === "unix" ? `unix/${address.path}` : `127.0.0.1:${address.port}`;
}

export function parseAddress(text: string): Address | undefined {
  if (text.startsWith("/")) return { kind: "unix", path: text };
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port < 65536 ? { kind: "tcp", port } : undefined;
}

// Kernel socket states. A connection still waiting to be accepted is listed as well, so a request that the
// app has not looked at yet is already counted.
const UNIX_CONNECTED = "03";
const TCP_ESTABLISHED = "01";
const TCP_SYN_SENT = "02";
const TCP_CLOSE_WAIT = "08";

/** Connections that lead to the instance, seen from the network namespace of this process. */
export function connectionsTo(address: Address): number {
  return address.kind === "unix" ? unixConnections(address.path) : tcpConnections(address.port);
}

function unixConnections(path: string): number {
  let count = 0;
  for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
    // Num RefCount Protocol Flags Type St Inode Path: only the server's end carries the path.
    const fields = line.trim().split(/\s+/);
    if (fields[7] === path && fields[5] === UNIX_CONNECTED) count += 1;
  }
  return count;
}

function tcpConnections(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let count = 0;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(table, "utf8").split("\n")) {
      // sl local remote st ...: the dialling end, so an app in a container is seen too.
      const fields = line.trim().split(/\s+/);
      const state = fields[3];
      if (fields[2]?.endsWith(remote) !== true) continue;
      if (state === TCP_ESTABLISHED || state === TCP_SYN_SENT || state === TCP_CLOSE_WAIT) count += 1;
    }
  }
  return count;
}
