/** Where an instance listens: the socket that it was told to make, the door to it in system mode, or its port. */
import { existsSync, rmSync } from "node:fs";
import type { DialedAndCounted } from "./drain.ts";
import { dialTcp, dialUnix } from "./proc-net.ts";
import { tryToOpen } from "./ready.ts";
import type { About } from "./run.ts";
import type { SupervisedOptions } from "./supervised-options.ts";
import type { Door } from "./walls/door.ts";

type Options = Pick<SupervisedOptions, "door" | "timing" | "clock">;

/** As far as can be told of one that an earlier supervisor found ready. Null for what does not listen. */
export function whereItListened(listens: About["listens"], door: Door | undefined): string | null {
  if (listens === null) return null;
  const path = door?.path ?? listens.socket;
  return existsSync(path) ? dialUnix(path) : dialTcp(listens.port);
}

/** The kernel knows a socket by the name that it was given first. */
export function whereCounted(address: string | null, listens: About["listens"] | undefined): DialedAndCounted | null {
  if (address === null) return null;
  const isSocket = address.startsWith("unix/") && listens != null;
  return { dialed: address, counted: isSocket ? dialUnix(listens.socket) : address };
}

/** Before a start and after an end, so that nobody dials what is not there. An app may have put a directory in its place. */
export function removeSocket(listens: About["listens"], door: Door | undefined): void {
  if (listens === null) return;
  door?.close();
  rmSync(listens.socket, { recursive: true, force: true });
}

/** A door hangs on the socket that was there: until the signal, one that the app has made anew is looked for. */
export async function keepDoor(address: string | null, options: Options, signal: AbortSignal): Promise<void> {
  const { door, timing, clock } = options;
  if (door === undefined || address !== dialUnix(door.path)) return;
  while (!signal.aborted) {
    await clock.sleep(timing.doorLook, signal).catch(() => undefined);
    if (!signal.aborted) tryToOpen(door);
  }
}
