/** What the kernel's socket tables say about listening sockets and connections, in the network namespace of this process. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Where an instance listens, in the form that the edge dials. */
export function dialUnix(path: string): string {
  return `unix/${path}`;
}

export function dialTcp(port: number, host = "127.0.0.1"): string {
  return `${host}:${port}`;
}

// Kernel socket states, as in the tables' text.
const tcpEstablished = "01";
const tcpSynSent = "02";
const tcpCloseWait = "08";
const tcpListen = "0A";
/** Connected, and connected but not yet accepted by the app. */
const unixOpen = ["03", "02"];

export type Listener = { readonly inode: string; readonly host: "127.0.0.1" | "[::1]" };

/** Local addresses through which a loopback client gets in, as the tables write them (bytes of each word reversed). */
const loopbackHosts: Readonly<Record<string, Listener["host"]>> = {
  "0100007F": "127.0.0.1",
  "00000000": "127.0.0.1",
  "00000000000000000000000000000000": "127.0.0.1",
  "0000000000000000FFFF00000100007F": "127.0.0.1",
  "00000000000000000000000001000000": "[::1]",
};

/** Listening TCP sockets on this port that a loopback client can reach. */
export function tcpListeners(port: number): Listener[] {
  const found: Listener[] = [];
  for (const fields of tcpRows()) {
    if (fields[3] !== tcpListen) continue;
    const [address, portHex] = (fields[1] ?? "").split(":");
    const host = loopbackHosts[address ?? ""];
    if (host !== undefined && portHex === hex(port)) found.push({ inode: fields[9] ?? "", host });
  }
  return found;
}

/**
 * Connections to the address, counted at the dialling end, also those that the app has not accepted yet.
 * The unix table names only the listener's end, which counts as well.
 */
export function connectionsTo(address: string): number {
  if (address.startsWith("unix/")) return unixConnections(address.slice("unix/".length));
  const remote = `:${hex(Number(address.slice(address.lastIndexOf(":") + 1)))}`;
  let count = 0;
  for (const fields of tcpRows()) {
    const state = fields[3];
    if (fields[2]?.endsWith(remote) !== true) continue;
    if (state === tcpEstablished || state === tcpSynSent || state === tcpCloseWait) count += 1;
  }
  return count;
}

/** True when one of the processes has a socket of these inodes open. */
export function ownsSocket(pids: readonly number[], inodes: readonly string[]): boolean {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return pids.some((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => wanted.has(linkOf(`/proc/${pid}/fd/${fd}`)));
    } catch {
      return false; // it has ended
    }
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}

function unixConnections(path: string): number {
  let count = 0;
  for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
    // Num RefCount Protocol Flags Type St Inode Path
    const fields = line.trim().split(/\s+/);
    if (fields[7] === path && unixOpen.includes(fields[5] ?? "")) count += 1;
  }
  return count;
}

function* tcpRows(): Generator<string[]> {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text: string;
    try {
      text = readFileSync(table, "latin1");
    } catch {
      continue; // a kernel without IPv6 has no second table
    }
    // sl local remote st tx:rx tr:tm retrnsmt uid timeout inode
    for (const line of text.split("\n").slice(1)) if (line !== "") yield line.trim().split(/\s+/);
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
