/** A supervisor that died is started again by whoever started it; what it knows of a deploy is on its disk. */
import { AppError } from "#core/errors.ts";
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
