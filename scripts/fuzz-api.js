/** `npm run fuzz:api`: set up, then requests by chance to the API on Node 26. Options go to it as they are: `-- --seed 7 --seconds 60`. */
import { runNode26 } from "./setup/node26.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`), forTests: true });
  process.exitCode = await runNode26(["test/openapi/run.ts", ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
