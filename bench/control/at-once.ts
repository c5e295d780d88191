/** The supervisor as it is, but what crashes is started again without a wait, however often. */
import { fileURLToPath } from "node:url";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";

await runSupervisor({
  hop3d: fileURLToPath(new URL("../../cmd/hop3d.ts", import.meta.url)),
  timing: { backoffFirst: 0, restartsMax: 1_000_000 },
});
