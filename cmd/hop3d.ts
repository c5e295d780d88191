/** The control plane: API, deploys. It never runs an app's code, and may die at any time without an app noticing. */
import { runHop3d } from "#cmd/wire/run-hop3d.ts";
import { version } from "#cmd/wire/version.ts";

if (process.argv[2] === "--version") process.stdout.write(`${version}\n`);
else await runHop3d();
