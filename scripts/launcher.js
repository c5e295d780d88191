#!/usr/bin/env node
/** The installed `hop3`: on a Node that is new enough the client itself, else the client on the Node that came with the package. */
import { spawn } from "node:child_process";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The oldest Node that the bundle runs on. */
const OLDEST = 24;

/** How the dynamic loader ends a program whose libraries it does not find; Node 26 needs libatomic, minimal systems lack it. */
const LOADER_FAILED = 127;

const main = new URL("./main.js", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= OLDEST) {
  nodeModule.enableCompileCache();
  await import(main.href);
} else {
  runOn(bundledNode());
}

/** @returns {string} */
function bundledNode() {
  const name = `node-linux-${process.arch}`;
  try {
    return join(dirname(nodeModule.createRequire(import.meta.url).resolve(`${name}/package.json`)), "bin/node");
  } catch {
    process.stderr.write(
      `hop3: needs Node ${OLDEST} or newer, this is ${process.version}, and the package ${name} is not installed beside it.\n` +
        "Install a newer Node, or install hop3 again with optional packages.\n",
    );
    process.exit(1);
  }
}

/** @param {string} node */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  // A Ctrl-C reaches the child from the terminal; what is sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => {
    process.stderr.write(`hop3: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("close", (code, signal) => {
    if (code === LOADER_FAILED) {
      process.stderr.write(
        "hop3: if libatomic is what is missing: apt-get install libatomic1, or dnf install libatomic\n",
      );
    }
    process.exitCode = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  });
}
