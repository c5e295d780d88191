/** How many streams are open: each is read for by polling files, so a thousand of them would keep the server busy for nobody. */
import { AppError } from "#core/errors.ts";

export type StreamLimits = { readonly perUser: number; readonly all: number };

export const defaultStreamLimits: StreamLimits = { perUser: 32, all: 128 };

export type OpenStreams = {
  /** The source, counted until it ends, is left, or the signal is aborted: then `over` is called, too. Throws RATE_LIMITED. */
  count<Item>(
    user: string,
    signal: AbortSignal,
    source: () => AsyncIterable<Item>,
    over: () => void,
  ): AsyncIterable<Item>;
};

export function openStreams({ perUser, all }: StreamLimits): OpenStreams {
  const open = new Map<string, number>();
  let total = 0;
  return {
    count(user, signal, source, over) {
      const mine = open.get(user) ?? 0;
      if (mine >= perUser || total >= all) {
        throw new AppError("RATE_LIMITED", `Too many streams are open (${mine >= perUser ? mine : total}).`, {
          hint: "Close some of the commands that follow logs or deploys.",
        });
      }
      open.set(user, mine + 1);
      total += 1;
      let counted = true;
      const release = () => {
        if (!counted) return;
        counted = false;
        over();
        total -= 1;
        const left = (open.get(user) ?? 1) - 1;
        if (left === 0) open.delete(user);
        else open.set(user, left);
      };
      signal.addEventListener("abort", release, { once: true });
      return (async function* relayed() {
        try {
          yield* source();
        } finally {
          release();
        }
      })();
    },
  };
}
