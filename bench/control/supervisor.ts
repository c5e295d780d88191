/** The supervisor with the hop3d beside. */
import { join } from "node:path";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";

await runSupervisor({ hop3d: join(import.meta.dirname, "hop3d.ts") });
