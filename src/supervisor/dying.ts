/**
 * For tests: a supervisor in a process of its own, which kills itself at a named fault point.
 * node dying.ts ROOT RUN POINT [NTH]      POINT `never` lives on; it prints `serving` when requests are served.
 */
import { layoutOf } from "#core/layout.ts";
import { testOptions } from "./bench.ts";
import { startSupervisor } from "./daemon.ts";

const [root = "", run = "", point = "never", nth = "1"] = process.argv.slice(2);
let left = Number(nth);
const supervisor = await startSupervisor({
  ...testOptions(layoutOf({ root, run })),
  fault: (at) => {
    if (at === point && --left === 0) process.kill(process.pid, "SIGKILL");
  },
});
process.on("SIGTERM", () => void supervisor.stop());
process.stdout.write("serving\n");
