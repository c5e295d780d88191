import { stopApp } from "../app-verbs.ts";
import type { Apps } from "../apps.ts";
import type { Cron } from "../cron/cron.ts";
import type { HostTool } from "../host-tool.ts";
import type { Jobs } from "../job.ts";
import { releasedOf } from "../prepare.ts";
import { Refusal } from "../refusal.ts";
import type { Sessions } from "../sessions.ts";
import type { System } from "../system.ts";
import { DiskLimits } from "./disk-limits.ts";
import { measureApp } from "./usage.ts";

type Ended = { readonly jobs: Jobs; readonly cron: Cron; readonly sessions: Sessions };

/** The disk's limits of a supervisor of system mode, by counting. */
export function countApps(apps: Apps, system: System, { jobs, cron, sessions }: Ended, tool: HostTool): DiskLimits {
  const { layout, clock, log } = apps.options;
  return new DiskLimits({
    place: layout.apps,
    clock,
    log,
    apps: () => system.area.apps(),
    allowed: (limits) => system.most(limits),
    releases: (app) =>
      releasesOf(apps, app).flatMap((release) => {
        try {
          return [system.most(releasedOf(apps.release(app, release)).limits)];
        } catch (error) {
          // Its record is gone or no record: it is not started again either.
          if (error instanceof Refusal) return [];
          throw error;
        }
      }),
    measure: (app, withInodes) => {
      const members = system.cgroup(system.area.cgroupOf(app)).members();
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
