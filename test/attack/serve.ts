/** The supervisor of the attack table, in a process of its own: as in system mode, with an app that attacks and one that is attacked. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { layoutOf, type Roots } from "#core/layout.ts";
import { testOptions } from "#supervisor/bench.ts";
import { wallClock } from "#supervisor/clock.ts";
import { startSupervisor } from "#supervisor/daemon.ts";
import { openSystem } from "#supervisor/system.ts";
import { closeInherited } from "#supervisor/walls/inherited.ts";
import { testIds } from "#supervisor/system-testing.ts";

const mebi = 1024 * 1024;
/** Of an app. /tmp and /dev/shm are to be full before its memory is. */
export const ceiling = { memory: 640 * mebi, processes: 200, openFiles: 2048 };

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Serves `blog` with its builds 1 and 2, and `shop` with its build 1; prints which walls are missing once it does. */
export async function serveAttacked(roots: Roots): Promise<void> {
  closeInherited(); // as the supervisor does first of all
  const layout = layoutOf(roots);
  let missing: readonly { readonly wall: string; readonly message: string }[] = [];
  await startSupervisor({
    ...testOptions(layout),
    mode: "system",
    system: async (log, ports) => {
      const system = await openSystem({
        layout,
        ids: testIds,
        ports,
        ceiling,
        bindVolumes: join(layout.root, "etc/bind-volumes"),
        programs: [dirname(process.execPath)],
        sessionCode: ["cmd", "src", "node_modules", "package.json"].map((name) => join(checkout, name)),
        clock: wallClock,
        log,
        fault: () => undefined,
        prefix: layout.root,
      });
      for (const [app, builds] of [
        ["blog", [1, 2]],
        ["shop", [1]],
      ] as const) {
        await system.area.make(app);
        for (const build of builds) system.area.makeBuild(app, build);
      }
      missing = system.missing();
      return system;
    },
  });
  process.stdout.write(`${JSON.stringify(missing)}\n`);
}

/** Arguments for Node that run it in a process of its own. */
export function attackedArgv({ root, run }: Roots): string[] {
  const file = JSON.stringify(new URL(import.meta.url).href);
  return [
    "--input-type=module",
    "-e",
    `(await import(${file})).${serveAttacked.name}(${JSON.stringify({ root, run })})`,
  ];
}
