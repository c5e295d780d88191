import type { AppLimits } from "#core/app-limits.ts";
import { stopApp } from "../app-verbs.ts";
import type { Apps } from "../apps.ts";
import type { Cron } from "../cron/cron.ts";
import type { HostTool } from "../host-tool.ts";
import type { Jobs } from "../job.ts";
import { releasedOf } from "../prepare.ts";
import { Refusal } from "../refusal.ts";
import type { Sessions } from "../sessions.ts";
import type { System } from "../system.ts";
import { isProgram } from "../walls/missing.ts";
import { DiskAllowed, type AllowedOptions } from "./disk-allowed.ts";
import { DiskLimits } from "./disk-limits.ts";
import type { DiskKeeper } from "./keeper.ts";
import { findQuota } from "./quota.ts";
import { QuotaLimits } from "./quota-limits.ts";
import { measureApp } from "./usage.ts";

type Ended = { readonly jobs: Jobs; readonly cron: Cron; readonly sessions: Sessions };

/** Who keeps apps to their disk on this host: the file system where it can. */
export async function keepDisks(
  apps: Apps,
  system: System,
  { jobs, cron, sessions }: Ended,
  tool: HostTool,
): Promise<DiskKeeper> {
  const { layout, clock, log } = apps.options;
  const { area } = system;
  const most = (limits: AppLimits) => system.most(limits);
  const options: AllowedOptions = {
    clock,
    allowed: most,
    releases: (app) =>
      releasesOf(apps, app).flatMap((release) => {
        try {
          return [most(releasedOf(apps.release(app, release)).limits)];
        } catch (error) {
          // Its record is gone or no record: it is not started again either.
          if (error instanceof Refusal) return [];
          throw error;
        }
      }),
  };
  const quota = await findQuota(layout.apps, tool, isProgram);
  const all = () => area.apps();
  if (quota !== undefined) {
    const uid = (app: string) => area.uid(app);
    return new QuotaLimits({ quota, allowed: new DiskAllowed(options), most, apps: all, uid, clock, log });
  }
  return new DiskLimits({
    ...options,
    place: layout.apps,
    clock,
    log,
    apps: all,
    measure: (app, withInodes) => {
      const members = system.cgroup(area.cgroupOf(app)).members();
      return measureApp(layout, app, members, withInodes, tool);
    },
    end: async (app, reason) => {
      const stopped = apps.find(app) === undefined ? undefined : stopApp(apps, app);
      await Promise.all([stopped, jobs.cancel(app), cron.cancel(app, reason), sessions.endAll(app)]);
    },
  });
}

function releasesOf(apps: Apps, app: string): number[] {
  const desired = apps.find(app);
  if (desired === undefined) return [];
  const all = [
    desired.live,
    ...desired.groups.map(({ release }) => release),
    ...desired.instances.map(({ release }) => release),
  ];
  return [...new Set(all)].filter((release) => release !== null);
}
