/** Caddy and `hop3d`: supervised like instances, with a command that was given at start. They outlive a killed supervisor. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import { forgetOldRuns } from "./log-files.ts";
import type { ServiceName, ServiceStatus } from "./protocol.ts";
import { Refusal } from "./refusal.ts";
import type { SupervisedOptions } from "./supervised-options.ts";
import { Supervised } from "./supervised.ts";
import type { ServiceUser } from "./walls/service-argv.ts";

export type ServiceDefinition = {
  readonly name: ServiceName;
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds between TERM and KILL. */
  readonly stopTimeout?: number;
  /** Whom it runs as. In system mode everybody has one, in user mode nobody. */
  readonly user?: ServiceUser;
};

export class Services {
  readonly running = new Map<ServiceName, Supervised>();

  constructor(
    definitions: readonly ServiceDefinition[],
    layout: Layout,
    { timing, ...common }: Pick<SupervisedOptions, "clock" | "timing" | "run" | "fence" | "fault" | "log">,
  ) {
    // Without them nothing works: they come back soon, and always.
    const { serviceFirst, serviceMax } = timing;
    const own = { ...timing, backoffFirst: serviceFirst, backoffMax: serviceMax, restartsMax: Infinity };
    for (const definition of definitions) {
      const { name, user } = definition;
      const { system } = common.run;
      if ((user === undefined) !== (system === undefined)) {
        throw new AppError("INTERNAL", `The service ${name} has ${user === undefined ? "no" : "a"} user in this mode.`);
      }
      const walls = user === undefined ? undefined : system?.service(user);
      const id = serviceId(name, layout);
      this.running.set(
        name,
        new Supervised({
          ...common,
          timing: own,
          policy: () => "always",
          id,
          directory: join(layout.supervisor, "services", id),
          slots: () => undefined,
          forget: () => undefined,
          changed: () => undefined,
          prepare: async () => {
            const logs = { root: layout.logs, below: [] };
            forgetOldRuns(logs, name, () => false);
            return {
              about: {
                process: name,
                logs,
                listens: null,
                startTimeout: 1,
                stopTimeout: definition.stopTimeout ?? 10,
                fingerprint: fingerprintOf(definition),
              },
              command: { argv: definition.argv, env: definition.env, cwd: null, walls },
            };
          },
        }),
      );
    }
  }

  restart(name: ServiceName): void {
    const found = this.running.get(name);
    if (found === undefined) throw new Refusal("unknown", `${name} is not started by this supervisor.`);
    found.dispatch("recycle");
  }

  status(): ServiceStatus[] {
    return [...this.running].map(([name, one]) => ({
      name,
      state: one.state,
      pid: one.pid,
      since: new Date(one.since).toISOString(),
      restarts: one.crashes.restarts,
    }));
  }
}

/** Fixed, so that the next supervisor finds the service; keyed by the root, for two roots on a host are two of them. */
export function serviceId(name: ServiceName, layout: Layout): string {
  return `${name}-${createHash("sha256").update(layout.root).digest("hex").slice(0, 8)}`;
}

/** Tells whether a service that runs is the one that would be started now. */
export function fingerprintOf(definition: ServiceDefinition): string {
  const { argv, env, user } = definition;
  // Without one it is what it always was: what an earlier version has started goes on.
  const whom = user === undefined ? [] : [user];
  return createHash("sha256")
    .update(JSON.stringify([argv, Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1)), ...whom]))
    .digest("hex");
}
