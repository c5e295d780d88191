/** The supervisor with a hop3d that can be held anywhere in a deploy, and that is started again without a wait. */
import { join } from "node:path";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";

await runSupervisor({
  hop3d: join(import.meta.dirname, "hop3d.ts"),
  timing: { backoffFirst: 50, backoffMax: 50, serviceFirst: 50, serviceMax: 50, stayUp: 50 },
});
