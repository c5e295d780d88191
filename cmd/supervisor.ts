/** The process manager. Starts Caddy and hop3d, and brings apps back before either; imports no npm package. */
import { fileURLToPath } from "node:url";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";

await runSupervisor({ hop3d: fileURLToPath(new URL("hop3d.ts", import.meta.url)) });
