/** What only looks, at all of it at once: none of these takes an argument. */
import type { Apps } from "./apps.ts";
import type { DiskKeeper } from "./disk/keeper.ts";
import { hostStatus } from "./host-status.ts";
import type { AppStatus, Metrics } from "./protocol.ts";
import type { Services } from "./services.ts";
import { fields } from "./shape.ts";

type Context = {
  readonly apps: Apps;
  readonly services: Services;
  readonly disks: DiskKeeper | undefined;
  readonly metrics: () => Metrics;
};

export const lookVerbs = {
  status: {
    parse: nothing("status"),
    serve: (_: Record<string, never>, { apps, services, disks }: Context) => ({
      services: services.status(),
      apps: apps.names().map((name): AppStatus => {
        const held = disks?.held(name) ?? null;
        return { ...apps.status(name), ...(held === null ? {} : { held }) };
      }),
    }),
  },
  host: {
    parse: nothing("host"),
    serve: (_: Record<string, never>, { apps, disks }: Context) =>
      hostStatus(apps.options.run.system, disks?.how ?? null),
  },
  metrics: {
    parse: nothing("metrics"),
    serve: (_: Record<string, never>, { metrics }: Context) => metrics(),
  },
};

function nothing(verb: string): (args: unknown) => Record<string, never> {
  return (args) => {
    fields(args, verb, []);
    return {};
  };
}
