/** `npm run faults`: set up, then the fault matrix on Node 26. Options go to it as they are: `-- --step build --kill caddy`. */
import { runNode26 } from "./setup/node26.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`), forTests: true });
  process.exitCode = await runNode26(["test/faults/run.ts", ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
