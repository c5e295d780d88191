/** What may be asked of cron on the socket: by app, job and run. */
import type { Apps } from "../apps.ts";
import { after } from "../after.ts";
import type { Limits } from "../limits.ts";
import type { Verbs } from "../protocol.ts";
import { Refusal } from "../refusal.ts";
import { appNameOf, fields, numberMax, processTypeOf, seconds, whole } from "../shape.ts";
import type { Cron } from "./cron.ts";
import { cronRunStatus, listCronJobs } from "./cron-status.ts";
import { isOver } from "./history.ts";

type Context = { readonly apps: Apps; readonly cron: Cron };

export const cronVerbs = {
  "cron.list": {
    parse: (args: unknown) => ({ app: appNameOf(fields(args, "cron.list", ["app"])["app"], "app") }),
    serve: ({ app }: { app: string }, { apps, cron }: Context) => ({ jobs: listCronJobs(apps, cron, app) }),
  },
  "cron.history": {
    parse: jobOf("cron.history"),
    serve: ({ app, job }: { app: string; job: string }, { apps, cron }: Context) => {
      apps.known(app);
      const all = cron.entries(app, job);
      if (all.length === 0 && !cron.schedules.of(app).some(({ name }) => name === job)) {
        throw new Refusal("unknown", `${app} has no cron job ${job}.`);
      }
      return { runs: all.map((entry) => cronRunStatus(job, entry)).toReversed() };
    },
  },
  "cron.start": {
    parse: jobOf("cron.start"),
    serve: ({ app, job }: { app: string; job: string }, { cron }: Context) => ({ run: cron.start(app, job) }),
  },
  "cron.await": {
    parse: (args: unknown, limits: Limits) => {
      const found = fields(args, "cron.await", ["app", "job", "run", "timeout"]);
      return {
        app: appNameOf(found["app"], "app"),
        job: processTypeOf(found["job"], "job"),
        run: whole(found["run"], "run", 1, numberMax),
        timeout: seconds(found["timeout"], "timeout", limits.wait),
      };
    },
    serve: awaitRun,
  },
};

async function awaitRun(
  { app, job, run, timeout }: Verbs["cron.await"]["args"],
  { apps, cron }: Context,
): Promise<Verbs["cron.await"]["result"]> {
  const tooLong = new AbortController();
  const over = new AbortController();
  void after(apps.options.clock, timeout * 1000, over.signal, () => tooLong.abort());
  const entry = await cron.ended(app, job, run, tooLong.signal).finally(() => over.abort());
  return { over: isOver(entry), run: cronRunStatus(job, entry) };
}

function jobOf(verb: string): (args: unknown) => { app: string; job: string } {
  return (args) => {
    const found = fields(args, verb, ["app", "job"]);
    return { app: appNameOf(found["app"], "app"), job: processTypeOf(found["job"], "job") };
  };
}
