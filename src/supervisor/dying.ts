/** For tests, in a process of its own: a supervisor that kills itself at a named fault point. */
import { layoutOf, type Roots } from "#core/layout.ts";
import { testOptions } from "./bench.ts";
import { startSupervisor } from "./daemon.ts";

/** Serves until it comes to the point for the nth time; `never` is no point. Prints `serving`. */
export async function serveUntil(roots: Roots, point: string, nth: number): Promise<void> {
  let left = nth;
  await startSupervisor({
    ...testOptions(layoutOf(roots)),
    fault: (at) => {
      if (at === point && --left === 0) process.kill(process.pid, "SIGKILL");
    },
  });
  process.stdout.write("serving\n");
}
