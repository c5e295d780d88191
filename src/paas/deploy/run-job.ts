import type { Verbs } from "#supervisor/protocol.ts";
import type { DeployJob } from "./job.ts";
import type { UnderWay } from "./under-way.ts";

/** On whose behalf: a deploy, or something else that has its place in the app's line. */
export type JobOwner = Pick<DeployJob, "platform" | "app"> & {
  readonly underWay: Pick<UnderWay, "signal" | "goOn">;
};

/** Milliseconds between two tries of ending a job. */
const pause = 50;

/**
 * Has the supervisor run an app's own command to its end. When its owner is canceled its whole tree is killed, and nothing
 * of it is left when this resolves. Throws CANCELED when it must not begin, and what a call of the supervisor throws.
 */
export async function runJob<V extends "build.step" | "release.hook" | "release.volume" | "app.probe">(
  { platform, app, underWay }: JobOwner,
  verb: V,
  args: Verbs[V]["args"],
): Promise<Verbs[V]["result"]> {
  underWay.goOn();
  const { supervisor, stopping } = platform;
  let isOver = false;
  let killing: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    // More than once: the first try may come before the job has begun, or meet a supervisor that is away.
    while (!isOver && !stopping.aborted) {
      await supervisor.call("job.cancel", { app }, { signal: stopping }).catch(() => undefined);
      if (!isOver) await platform.clock.sleep(pause, stopping).catch(() => undefined);
    }
  };
  const begin = (): void => void (killing = kill());
  underWay.signal.addEventListener("abort", begin, { once: true });
  try {
    return await supervisor.call(verb, args, { signal: stopping });
  } finally {
    isOver = true;
    underWay.signal.removeEventListener("abort", begin);
    // Its last try must not meet the job of a later deploy.
    await killing;
  }
}
