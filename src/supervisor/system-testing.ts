/** For tests, in a process of its own: a supervisor of system mode, in the network and with the users that a test gives it. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { layoutOf, type Layout, type Roots } from "#core/layout.ts";
import { testOptions } from "./bench.ts";
import { wallClock } from "./clock.ts";
import { startSupervisor, type SupervisorOptions } from "./daemon.ts";
import type { ServiceDefinition } from "./services.ts";
import { openSystem } from "./system.ts";

export const testIds = { hop3: 65_533, edge: 65_532, files: 65_531, apps: 65_530 };
export const testCeiling = { memory: 128 * 1024 * 1024, processes: 200, openFiles: 2048 };

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** The System of a supervisor that has these apps, each with its build 1; users are made below the root. */
export function testSystem(
  layout: Layout,
  apps: readonly string[],
  fault: (point: string) => void,
): NonNullable<SupervisorOptions["system"]> {
  return async (log, ports) => {
    const system = await openSystem({
      layout,
      ids: testIds,
      ports,
      ceiling: testCeiling,
      bindVolumes: join(layout.root, "etc/bind-volumes"),
      programs: [dirname(process.execPath)],
      sessionCode: ["cmd", "src", "node_modules", "package.json"].map((name) => join(checkout, name)),
      clock: wallClock,
      log,
      fault,
      prefix: layout.root,
    });
    for (const app of apps.filter((one) => !existsSync(layout.buildTree(one, 1)))) {
      await system.area.make(app);
      system.area.makeBuild(app, 1);
    }
    return system;
  };
}

/** Serves, with an app `blog` and its build 1, until it comes to the point; prints `serving`. */
export async function serveWalled(roots: Roots, point: string, services: readonly ServiceDefinition[]): Promise<void> {
  const layout = layoutOf(roots);
  const fault = (at: string): void => {
    if (at === point) process.kill(process.pid, "SIGKILL");
  };
  const system = testSystem(layout, ["blog"], fault);
  await startSupervisor({ ...testOptions(layout), mode: "system", services, fault, system });
  process.stdout.write("serving\n");
}

/** Arguments for Node that run it in a process of its own. */
export function walledArgv({ root, run }: Roots, point: string, services: readonly ServiceDefinition[]): string[] {
  const file = JSON.stringify(new URL(import.meta.url).href);
  const args = [{ root, run }, point, services].map((one) => JSON.stringify(one)).join(", ");
  return ["--input-type=module", "-e", `(await import(${file})).${serveWalled.name}(${args})`];
}
