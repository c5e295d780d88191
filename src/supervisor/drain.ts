import { connect } from "node:net";
import type { Clock } from "#sys/clock.ts";
import type { Fence } from "./fence.ts";
import { connectionsTo } from "./proc-net.ts";

const sampleMs = 100;
/**
 * Looks without a connection before nobody is believed to come any more. A request that read a slot just before it was
 * rewritten dials within this time.
 */
const quietSamples = 5;

/** On a busy machine a connection may take its time, or be missed by a read of the table that changes meanwhile. */
const countTries = 5;

/**
 * Resolves `idle` when nothing is connected to the address any more, `grace` when `until` (ms since the epoch) has come
 * first. Its slots must have been rewritten before. Rejects with the signal's reason.
 */
async function untilDrained(
  address: DialedAndCounted,
  until: number,
  fence: Fence,
  clock: Clock,
  signal: AbortSignal,
): Promise<"idle" | "grace"> {
  const grace = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, Math.min(2 ** 31 - 1, until - clock.now())))]);
  try {
    let counted = false;
    for (let quiet = 0, asked = 0; quiet < quietSamples;) {
      await fence(grace);
      if (!counted && asked < countTries) {
        counted = await isCounted(address);
        asked += 1;
      }
      quiet = counted && connectionsTo(address.counted) === 0 ? quiet + 1 : 0;
      await clock.sleep(sampleMs, grace);
    }
    return "idle";
  } catch (error) {
    signal.throwIfAborted();
    if (grace.aborted) return "grace";
    throw error;
  }
}

/** What to dial, and the same as the kernel tells it, which knows a socket by the name that it was given first. */
export type DialedAndCounted = { readonly dialed: string; readonly counted: string };

type Watch = {
  readonly fence: Fence;
  readonly clock: Clock;
  readonly log: (message: string, fields: Readonly<Record<string, string>>) => void;
  readonly id: string;
};

/** As `untilDrained`, but without a fence nobody is known to be gone: the whole grace it is then. Never rejects. */
export async function untilLeft(
  address: DialedAndCounted,
  until: number,
  { fence, clock, log, id }: Watch,
  signal: AbortSignal,
): Promise<"idle" | "grace"> {
  try {
    return await untilDrained(address, until, fence, clock, signal);
  } catch (error) {
    if (!signal.aborted) {
      log("its connections cannot be watched", { id, reason: String(error) });
      await clock.sleep(Math.max(0, until - clock.now()), signal).catch(() => undefined);
    }
    return "grace";
  }
}

/**
 * Whether a connection to the address shows in the count: an app may have bound its socket under another name. What does
 * not even accept has no connection to lose.
 */
function isCounted({ dialed, counted }: DialedAndCounted): Promise<boolean> {
  const target = dialed.startsWith("unix/")
    ? { path: dialed.slice("unix/".length) }
    : {
        host: dialed.startsWith("[::1]") ? "::1" : "127.0.0.1",
        port: Number(dialed.slice(dialed.lastIndexOf(":") + 1)),
      };
  return new Promise((resolve) => {
    const socket = connect({ ...target, timeout: 1000 });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => settle(connectionsTo(counted) > 0));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(true));
  });
}
