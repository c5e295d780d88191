/** Runs something on the pinned Node 26, with the tools it needs on PATH and nothing of an outer npm in its environment. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { paths } from "./paths.js";

/** A Ctrl-C arrives from the terminal and once more from npm; within this time the two are one. Milliseconds. */
const SAME_SIGNAL_MS = 300;

/** The environment of what runs on Node 26. Compiled code is kept between starts: it halves the start of a .ts program. */
export function node26Environment() {
  const env = { ...process.env };
  // An npmrc's or an outer npm's nodedir names the headers of another Node: native add-ons would not load.
  for (const name of Object.keys(env)) {
    if (/^npm_(config_(nodedir|local_prefix)|package_|lifecycle_|execpath|command|node_execpath)/i.test(name))
      delete env[name];
  }
  return {
    ...env,
    NODE_COMPILE_CACHE: paths.compileCache,
    PATH: [dirname(paths.node), join(paths.root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
  };
}

/**
 * Runs Node 26 and resolves with its exit status. It has a session of its own, so that one Ctrl-C reaches it once: from here.
 * @param {string[]} args
 * @param {{ onOutput?: (chunk: Buffer) => void }} [options] without onOutput the child writes to our stdout and stderr
 * @returns {Promise<number>}
 */
export function runNode26(args, { onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const output = onOutput === undefined ? "inherit" : "pipe";
    const child = spawn(paths.node, args, {
      cwd: paths.root,
      env: node26Environment(),
      detached: true,
      stdio: ["ignore", output, output],
    });
    if (onOutput !== undefined) {
      child.stdout?.on("data", onOutput);
      child.stderr?.on("data", onOutput);
    }
    const stopPassing = passSignals((signal) => child.kill(signal));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      stopPassing();
      resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]);
    });
  });
}

/**
 * @param {(signal: NodeJS.Signals) => void} pass
 * @returns {() => void}
 */
function passSignals(pass) {
  /** @type {Map<NodeJS.Signals, number>} */
  const last = new Map();
  const handler = (/** @type {NodeJS.Signals} */ signal) => {
    const now = Date.now();
    if (now - (last.get(signal) ?? 0) < SAME_SIGNAL_MS) return;
    last.set(signal, now);
    pass(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const passed = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of passed) process.on(signal, handler);
  return () => {
    for (const signal of passed) process.off(signal, handler);
  };
}
