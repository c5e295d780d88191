/** `npm run test:vm`: set up, then a virtual machine, or with `-- --container` namespaces, in which a server lives its life. */
import { runNode26 } from "./setup/node26.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`) });
  process.exitCode = await runNode26(["test/vm/run.ts", ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
