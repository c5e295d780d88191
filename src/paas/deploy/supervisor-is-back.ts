/** A supervisor that died is started again by whoever started it; what it knows of a deploy is on its disk. */
import { AppError } from "#core/errors.ts";
import type { Verb, Verbs } from "#supervisor/protocol.ts";
import type { Platform } from "../platform.ts";

/** Milliseconds between two looks. */
const pause = 100;

/** Resolves when the supervisor answers, however long that takes; rejects when hop3d is asked to stop. */
export async function supervisorIsBack(platform: Pick<Platform, "supervisor" | "clock" | "stopping">): Promise<void> {
  for (;;) {
    try {
      await platform.supervisor.call("status", {}, { signal: platform.stopping });
      return;
    } catch (thrown) {
      const mayPass = thrown instanceof AppError && (thrown.code === "UNAVAILABLE" || thrown.code === "RATE_LIMITED");
      if (!mayPass) throw thrown;
      await platform.clock.sleep(pause, platform.stopping);
    }
  }
}

/** Calls a verb that may be repeated; when the supervisor dies over it, once more as soon as it is back. */
export async function callAgain<V extends Verb>(
  platform: Pick<Platform, "supervisor" | "clock" | "stopping">,
  verb: V,
  args: Verbs[V]["args"],
): Promise<Verbs[V]["result"]> {
  const call = () => platform.supervisor.call(verb, args, { signal: platform.stopping });
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "UNAVAILABLE") || platform.stopping.aborted) throw thrown;
    await supervisorIsBack(platform);
    return call();
  }
}
