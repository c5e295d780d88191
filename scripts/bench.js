/** `npm run bench:NAME`: set up, then bench/NAME.ts on Node 26. Further options go to it as they are: `-- --json`. */
import { runNode26 } from "./setup/node26.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";

const [name = "", ...options] = process.argv.slice(2);

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`) });
  process.exitCode = await runNode26([`bench/${name}.ts`, ...options]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
