/** A store that is away (locked, moved, restarted) comes back by itself: what must be written in it waits for that. */
import { AppError } from "#core/errors.ts";
import type { Platform } from "../platform.ts";

/** Milliseconds between two tries. */
const pause = 500;

/**
 * Does `work` again for as long as the store is away. It may have been done already, in part or whole. Rejects with
 * whatever else it throws, and when hop3d is asked to stop.
 */
export async function storeIsBack<Result>(
  { clock, log, stopping }: Pick<Platform, "clock" | "log" | "stopping">,
  about: { readonly app: string },
  work: () => Promise<Result>,
): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (thrown) {
      const mayPass = thrown instanceof AppError && thrown.code === "STORE_FAILED";
      if (!mayPass || stopping.aborted) throw thrown;
      if (tried === 1) log.warn("the store is away; a deploy waits for it", { app: about.app, error: thrown });
      await clock.sleep(pause, stopping);
    }
  }
}
