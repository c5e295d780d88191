/** What a deploy waits for besides its own work: its turn in its app's line, and one of the server's few builds. */
import { report } from "./reporter.ts";
import type { DeployJob } from "./job.ts";

/**
 * Puts it into its app's line. `run` must not throw. Canceled before its turn, it never begins: `giveUp` is called at once
 * and must record its end.
 */
export function enqueue(job: DeployJob, run: () => Promise<void>, giveUp: () => Promise<void>): void {
  const { platform, app, deploy, underWay } = job;
  const endAfter = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      platform.log.error("a deploy was left without an end", { app, deploy, error });
    } finally {
      underWay.end();
    }
  };
  underWay.wait(() => void endAfter(giveUp));
  void platform.queue.run(app, () => (underWay.begin() ? endAfter(run) : underWay.done));
}

/** Runs `work` as one of a few builds at a time on the whole server; who has to wait says so. */
export async function inTurn<Result>(job: DeployJob, work: () => Promise<Result>): Promise<Result> {
  const say = (detail?: string): Promise<void> =>
    report(job.platform, job, "step", { name: "build", state: "started", ...(detail === undefined ? {} : { detail }) });
  let waited = false;
  const begin = async (): Promise<Result> => {
    // Once more, so that the time of the build is counted from here.
    if (waited) await say();
    return work();
  };
  return job.platform.builds.run(begin, job.underWay.signal, async () => {
    waited = true;
    await say("waiting for other builds");
  });
}
