/** `npm start`: set up, then bring the platform up in the foreground on Node 26. Options go to cmd/start.ts as they are. */
import { runNode26 } from "./setup/node26.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`) });
  process.exitCode = await runNode26(["cmd/start.ts", ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
