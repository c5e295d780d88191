/** The process manager. Starts Caddy and hop3d, and brings apps back before either; imports no npm package. */
import { fileURLToPath } from "node:url";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";
import { version } from "#cmd/wire/version.ts";

if (process.argv[2] === "--version") process.stdout.write(`${version}\n`);
else await runSupervisor({ hop3d: fileURLToPath(new URL("hop3d.ts", import.meta.url)) });
