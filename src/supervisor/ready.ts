import { connect } from "node:net";
import type { Clock } from "#sys/clock.ts";
import { dialTcp, dialUnix, ownsSocket, tcpListeners } from "./proc-net.ts";
import { appProcesses, type Marked } from "./proc-tree.ts";
import type { Door } from "./walls/door.ts";

/** Between two looks: short for a second, in which most apps listen and somebody waits; then rarer, up to `lastPollMs`. */
const firstPollMs = 20;
const lastPollMs = 200;
const shortPolls = 50;

/**
 * Resolves with the dial address once the instance accepts connections, on its socket or its port, whichever comes first.
 * A port counts only when the listening socket belongs to a process of the instance: a squatter is not the app.
 * In system mode a socket counts once its door could be opened, and is dialed there. Rejects with the signal's reason. The
 * caller sets the time limit.
 */
export async function untilListening(
  where: { readonly socket: string; readonly port: number },
  instance: () => Marked,
  clock: Clock,
  signal: AbortSignal,
  door?: Door,
): Promise<string> {
  for (let looks = 1, wait = firstPollMs; ; looks += 1) {
    const path = door?.path ?? where.socket;
    tryToOpen(door);
    if (await accepts({ path })) return dialUnix(path);
    const listeners = tcpListeners(where.port);
    if (listeners.length > 0) {
      const pids = appProcesses(instance()).map((one) => one.pid);
      const own = listeners.filter((one) => ownsSocket(pids, [one.inode]));
      for (const host of ["127.0.0.1", "[::1]"] as const) {
        if (!own.some((one) => one.host === host)) continue;
        const dialled = host === "127.0.0.1" ? host : "::1";
        if (await accepts({ host: dialled, port: where.port })) return dialTcp(where.port, host);
      }
    }
    await clock.sleep(wait, signal);
    if (looks >= shortPolls) wait = Math.min(lastPollMs, wait * 1.3);
  }
}

/** A link, somebody else's socket, or none, is looked at anew later; until then a door leads where it did. */
export function tryToOpen(door: Door | undefined): void {
  try {
    door?.open();
  } catch {
    return;
  }
}

/** True when somebody accepts a connection there within a second. */
export function accepts(
  target: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, timeout: 1000 });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}
