/** What only looks, at all of it at once: none of these takes an argument. */
import type { Apps } from "./apps.ts";
import { hostStatus } from "./host-status.ts";
import type { Metrics } from "./protocol.ts";
import type { Services } from "./services.ts";
import { fields } from "./shape.ts";

type Context = {
  readonly apps: Apps;
  readonly services: Services;
  readonly metrics: () => Metrics;
};

export const lookVerbs = {
  status: {
    parse: nothing("status"),
    serve: (_: Record<string, never>, { apps, services }: Context) => ({
      services: services.status(),
      apps: apps.names().map((name) => apps.status(name)),
    }),
  },
  host: {
    parse: nothing("host"),
    serve: (_: Record<string, never>, { apps }: Context) => hostStatus(apps.options.run.system),
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
