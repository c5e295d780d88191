/** What the kernel's socket tables say about listening sockets and connections, in the network namespace of this process. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";

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
  for (const fields of listeningRows()) {
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
  // The remote address is followed by the state, the local one is not. A busy server has tens of thousands of rows of
  // connections that are over, so none is taken apart.
  const remote = hex(Number(address.slice(address.lastIndexOf(":") + 1)));
  const found = tcpTables.map(textOf);
  return [tcpEstablished, tcpSynSent, tcpCloseWait].reduce(
    (sum, state) => sum + found.reduce((part, text) => part + text.split(`:${remote} ${state} `).length - 1, 0),
    0,
  );
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

const tcpTables = ["/proc/net/tcp", "/proc/net/tcp6"] as const;

/** Empty on a kernel without IPv6, which has no second table. */
function textOf(table: string): string {
  try {
    return readFileSync(table, "latin1");
  } catch {
    return "";
  }
}

/** Rows of the tables in columns, up to the first that is no listening socket: the kernel writes those first. */
function* listeningRows(): Generator<string[]> {
  for (const table of tcpTables) {
    for (const line of linesOf(table)) {
      // sl local remote st tx:rx tr:tm retrnsmt uid timeout inode
      const columns = line.trim().split(/\s+/);
      if (columns[0] === "sl") continue;
      if (columns[3] !== tcpListen) break;
      yield columns;
    }
  }
}

/** Reads a table piece by piece, no further than the lines are asked for. */
function* linesOf(table: string): Generator<string> {
  let fd: number;
  try {
    fd = openSync(table, "r");
  } catch {
    return;
  }
  try {
    const piece = Buffer.alloc(16 * 1024);
    for (let rest = ""; ;) {
      const read = readSync(fd, piece);
      if (read === 0) return;
      const lines = (rest + piece.toString("latin1", 0, read)).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    closeSync(fd);
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
