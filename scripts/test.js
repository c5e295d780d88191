/**
 * `npm test`: set up, then every check, the fastest first, each with one line; the first that fails ends the run with
 * all it had to say. The tests come last, so that the runner's closing lines are the last lines.
 * `npm test -- PATTERN` runs only the test files whose path contains PATTERN, or else the tests whose name does.
 */
import { join } from "node:path";
import { runNode26 } from "./setup/node26.js";
import { paths } from "./setup/paths.js";
import { SetupError } from "./setup/setup-error.js";
import { setup } from "./setup.js";
import { testFiles } from "./setup/test-files.js";

const layers = "test/layers.test.ts";

/** These take minutes each, and begin first: at the end everything would wait for them. */
const longest = ["test/system/e2e.test.ts", "src/supervisor/recovery.test.ts", "test/e2e/interrupted-deploys.test.ts"];

/** A test that hangs ends the run instead of CI's patience. Milliseconds for one file. */
const FILE_TIMEOUT_MS = 10 * 60_000;

/** @param {string} path */
const tool = (path) => join(paths.root, "node_modules", path);

/** @type {[string, string[]][]} */
const checks = [
  ["format", [tool("oxfmt/bin/oxfmt"), "--check"]],
  ["lint", [tool("oxlint/bin/oxlint")]],
  ["types", [tool("typescript/bin/tsc")]],
  ["unused", [tool("knip/bin/knip.js"), "--no-progress"]],
  ["layers", ["--test", layers]],
  ["generated docs", ["scripts/generate-docs.ts", "--check"]],
];

/** @param {string[]} args */
function runTests(args) {
  return runNode26(["--test", "--test-concurrency=3", `--test-timeout=${FILE_TIMEOUT_MS}`, ...args]);
}

/** @param {string} pattern */
function runMatching(pattern) {
  const files = testFiles(paths.root);
  const matching = files.filter((file) => file.includes(pattern));
  if (matching.length > 0) return runTests(matching);
  return runTests([`--test-name-pattern=${pattern}`, ...files]);
}

async function runAll() {
  for (const [name, args] of checks) {
    const began = Date.now();
    /** @type {Buffer[]} */
    const output = [];
    const status = await runNode26(args, { onOutput: (chunk) => output.push(chunk) });
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    process.stdout.write(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)\n`);
    if (status === 0) continue;
    process.stdout.write(Buffer.concat(output));
    return status;
  }
  const files = testFiles(paths.root).filter((file) => file !== layers);
  return runTests([...longest, ...files.filter((file) => !longest.includes(file))]);
}

try {
  await setup({ log: (line) => process.stderr.write(`set-up: ${line}\n`), forTests: true });
  const [pattern] = process.argv.slice(2);
  process.exitCode = await (pattern === undefined ? runAll() : runMatching(pattern));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
