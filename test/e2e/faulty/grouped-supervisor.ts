/** The supervisor in a control group, in which all that it starts is, too. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runSupervisor } from "#cmd/wire/run-supervisor.ts";

writeFileSync(process.env["TEST_MEMORY_GROUP"] ?? "", String(process.pid));
await runSupervisor({ hop3d: fileURLToPath(new URL("../../../cmd/hop3d.ts", import.meta.url)) });
