/** The control plane: API, deploys. It never runs an app's code, and may die at any time without an app noticing. */
import { runHop3d } from "#cmd/wire/run-hop3d.ts";

await runHop3d();
