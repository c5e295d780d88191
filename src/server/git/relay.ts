/**
 * Joins a client with a git process. The process is always read to its end: a client that has gone, or takes nothing for a
 * while, must not stop what its push has begun.
 */
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** Milliseconds for a client to take what was sent; then it counts as gone. */
const patience = 60_000;

/** Resolves when the process has said all. `take` resolves when more may be sent; what it rejects with, or `gone`, lets the client go. */
export async function relayOutput(
  output: Readable,
  take: (chunk: Uint8Array) => Promise<unknown>,
  gone: AbortSignal,
): Promise<void> {
  let isThere = true;
  for await (const chunk of output as AsyncIterable<Uint8Array>) {
    if (isThere && !gone.aborted) isThere = await taken(take(chunk), gone);
  }
}

async function taken(taking: Promise<unknown>, gone: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let leave = (): void => undefined;
  try {
    return await Promise.race([
      taking.then(
        () => true,
        () => false,
      ),
      new Promise<boolean>((resolve) => {
        leave = () => resolve(false);
        timer = setTimeout(leave, patience);
        gone.addEventListener("abort", leave, { once: true });
      }),
    ]);
  } finally {
    clearTimeout(timer);
    gone.removeEventListener("abort", leave);
  }
}

/** Gives the process what the client sends, as fast as it takes it. Resolves at the end of either, and never rejects. */
export async function relayInput(source: AsyncIterable<Uint8Array>, input: Writable, gone: AbortSignal): Promise<void> {
  const closed = once(input, "close").catch(() => undefined);
  try {
    for await (const chunk of source) {
      if (input.destroyed || gone.aborted) break;
      // The callback comes, too, when the process takes nothing any more.
      await Promise.race([new Promise<void>((resolve) => void input.write(chunk, () => resolve())), closed]);
    }
    input.end();
  } catch {
    // The client broke off: what is missing of a pack git finds out.
    input.destroy();
  }
}
