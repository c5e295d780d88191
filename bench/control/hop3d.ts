/** hop3d as it is, but nobody is given time to leave: what the bench counts then shows that it can count. */
import { runHop3d } from "#cmd/wire/run-hop3d.ts";

await runHop3d({ drainSeconds: 0 });
