/**
 * Set-up of a checkout: what `npm start` and `npm test` do first. It owns node_modules, .tools and test/postgres's packages,
 * asks the system's package manager for what else there must be, and knows nothing of Hop3 itself. Plain JavaScript, because
 * it runs on whatever Node >= 18 the host has; all else runs on the Node 26 that it installs. Every step first asks whether
 * it is done already, from facts on the disk, so that a second call takes milliseconds and an interrupted one is finished by
 * the next.
 */
import { join } from "node:path";
import { checkHost, missingSystemPackages, missingTestPackages } from "./setup/host.js";
import { completeNpmPackages, installNpmPackages, nodePackageStands, npmPackagesStand } from "./setup/npm-packages.js";
import { makeNodeRun, nodeRuns } from "./setup/libatomic.js";
import { nodePackage, paths } from "./setup/paths.js";
import { onlyOneSetup } from "./setup/only-one.js";
import { installSystemPackages } from "./setup/system-packages.js";
import { installPythonTools, linkTools, pythonToolsStand, toolLinksStand } from "./setup/tools.js";

/**
 * @typedef {{ title: string, done: () => boolean, run: (log: Log) => Promise<void> }} Step
 * @typedef {(line: string) => void} Log
 */

const postgresDir = join(paths.root, "test/postgres");

/** @type {Step} */
const ownPackages = {
  title: `Node 26 (${nodePackage}) and the packages of package-lock.json`,
  done: nodePackageStands,
  run: () => installNpmPackages(paths.root),
};

/** @type {Step} */
const pythonTools = {
  title: "uv and Caddy 2.11, pinned by hash, into .tools/python",
  done: pythonToolsStand,
  run: installPythonTools,
};

/** @type {Step} */
const runnableNode = {
  title: "libatomic, which Node 26 needs and this host lacks",
  done: nodeRuns,
  run: makeNodeRun,
};

/** @type {Step} */
const npmTool = {
  title: "the npm that builds Node apps, into .tools/npm",
  done: () => npmPackagesStand(paths.npmTool, paths.npmToolSource),
  run: () => installNpmPackages(paths.npmTool, paths.npmToolSource),
};

/** @type {Step} */
const otherPackages = {
  title: "what the host's npm left out of package-lock.json",
  done: () => npmPackagesStand(paths.root),
  run: () => completeNpmPackages(paths.root),
};

/** @type {Step} */
const toolLinks = {
  title: ".tools/bin with node, npm, npx, uv and caddy",
  done: toolLinksStand,
  run: async () => linkTools(),
};

/** @type {Step} */
const postgres = {
  title: "PostgreSQL for the tests, into test/postgres",
  done: () => npmPackagesStand(postgresDir),
  run: () => completeNpmPackages(postgresDir),
};

/** @type {Step} */
const testPackages = {
  title: "bubblewrap, nftables, iproute2, openssh-server and chromium of the system, for the tests",
  done: () => missingTestPackages().length === 0,
  run: (log) => installSystemPackages(missingTestPackages(), log),
};

/**
 * Brings the checkout into the state its lock files describe. Throws SetupError, whose message names what failed and
 * what to do.
 * @param {{ log: Log, forTests?: boolean }} options
 */
export async function setup({ log, forTests = false }) {
  // Completing the packages may lay the Node package anew, so that its library is asked for twice.
  const steps = [
    ownPackages,
    npmTool,
    pythonTools,
    runnableNode,
    otherPackages,
    runnableNode,
    toolLinks,
    ...(forTests ? [postgres, testPackages] : []),
  ];
  if (steps.every((step) => step.done())) return;
  checkHost();
  await onlyOneSetup(log, async () => {
    const missing = missingSystemPackages();
    if (missing.length > 0) await installSystemPackages(missing, log);
    for (const step of steps) {
      if (step.done()) continue;
      log(`installing ${step.title}`);
      const began = Date.now();
      await step.run(log);
      log(`  done in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    }
  });
}
