/** Runs one command of the set-up: silent while it goes well, its last lines and what to do when it fails. */
import { spawn } from "node:child_process";
import { SetupError } from "./setup-error.js";

const KEPT_LINES = 20;

/**
 * @param {string[]} argv
 * @param {{ what: string, cwd?: string, env?: NodeJS.ProcessEnv, tries?: number }} options `tries` above 1 for what downloads
 */
export async function run(argv, { what, cwd, env = process.env, tries = 1 }) {
  let failure = "";
  for (let left = tries; left > 0; left--) {
    const result = await once(argv, cwd, env);
    if (result.ok) return;
    failure = result.output;
  }
  const tail = failure.trimEnd().split("\n").slice(-KEPT_LINES);
  throw new SetupError(
    `${what} failed${tries > 1 ? ` ${tries} times` : ""}. Its last lines:\n${tail.map((line) => `  | ${line}`).join("\n")}`,
    `By hand: ${cwd === undefined ? "" : `cd ${cwd} && `}${argv.join(" ")}   (downloads need the package registry; a proxy goes into your npm, pip or apt configuration)`,
  );
}

/**
 * @param {string[]} argv
 * @param {string | undefined} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function once([command = "", ...args], cwd, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-64 * 1024);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ ok: false, output: error.message }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}
