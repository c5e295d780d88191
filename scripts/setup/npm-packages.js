/**
 * npm packages exactly as a lock file says. npm writes what it installed into node_modules/.package-lock.json as its
 * last act, so comparing that file with the lock tells whether anything is to be done, without starting npm.
 */
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { nodePackage, paths } from "./paths.js";
import { run } from "./run.js";
import { SetupError } from "./setup-error.js";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, inBundle?: boolean, os?: string | string[], cpu?: string | string[],
 *   libc?: string | string[], dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} Locked
 */

/**
 * Whether `dir/node_modules` holds what the lock file asks for on this machine.
 * @param {string} dir
 * @param {string} source where package.json and package-lock.json are kept
 */
export function npmPackagesStand(dir, source = dir) {
  const wanted = readLock(join(source, "package-lock.json"));
  const present = readLock(join(dir, "node_modules/.package-lock.json"));
  if (wanted === undefined || present === undefined) return false;
  const roots = [wanted[""] ?? {}, ...Object.values(present)];
  const asked = new Set(roots.flatMap((one) => Object.keys({ ...one.dependencies, ...one.optionalDependencies })));
  return Object.entries(wanted).every(([path, locked]) => {
    if (path === "" || locked.inBundle === true) return true;
    const there = present[path];
    if (there === undefined) return locked.optional === true && !(fitsThisMachine(locked) && asked.has(nameOf(path)));
    return there.version === locked.version && there.integrity === locked.integrity && existsSync(join(dir, path));
  });
}

/** Whether the pinned Node stands, with which the rest is installed. */
export function nodePackageStands() {
  const path = `node_modules/${nodePackage}`;
  const present = readLock(join(paths.root, "node_modules/.package-lock.json"))?.[path];
  const wanted = readLock(join(paths.root, "package-lock.json"))?.[path];
  return wanted !== undefined && present?.integrity === wanted.integrity && existsSync(paths.node);
}

/**
 * With the host's npm, whatever it is. An old Node leaves out optional packages whose `engines` do not admit it, so
 * what was installed may be incomplete: completeNpmPackages() comes after. Not `npm ci`: npm 11 then refuses a lock file
 * that lacks packages of other systems, which this one never installs. The lock file still decides, and is not written.
 * @param {string} dir
 * @param {string} source
 */
export async function installNpmPackages(dir, source = dir) {
  if (source !== dir) {
    mkdirSync(dir, { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(source, name), join(dir, name));
  }
  const argv = [...hostNpm(), "install", "--no-save", ...flags];
  await run(argv, { what: `npm install in ${dir}`, cwd: dir, env: npmEnvironment(), tries: 2 });
}

/**
 * With the pinned npm on the pinned Node, changing only what differs from the lock file.
 * @param {string} dir
 */
export async function completeNpmPackages(dir) {
  const npm = [paths.node, join(paths.npmTool, "node_modules/npm/bin/npm-cli.js")];
  const argv = [...npm, "install", "--no-save", ...flags];
  await run(argv, { what: `npm install in ${dir}`, cwd: dir, env: npmEnvironment(), tries: 2 });
  if (npmPackagesStand(dir)) return;
  throw new SetupError(
    `After npm install, ${join(dir, "node_modules")} is not what package-lock.json says.`,
    `Delete ${join(dir, "node_modules")} and try again; if you changed package.json, run npm install in ${dir}.`,
  );
}

/** No install script of any package is run: what we use ships its binaries inside the packages. */
const flags = ["--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];

/** The npm that started us, else the one on PATH. Run by the Node that runs this file. */
function hostNpm() {
  const started = process.env["npm_execpath"] ?? "";
  return basename(started) === "npm-cli.js" ? [process.execPath, started] : ["npm"];
}

/** Without what an outer npm has set for its own package, and with a cache that can be written. */
function npmEnvironment() {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, npm_config_update_notifier: "false" };
  for (const name of Object.keys(env)) {
    if (
      /^npm_(package|lifecycle|command|config_(nodedir|local_prefix|omit|include|production|ignore_scripts))/i.test(
        name,
      )
    )
      delete env[name];
  }
  // Production mode would leave out the tools that check and bundle.
  delete env["NODE_ENV"];
  if (writable(join(homedir(), ".npm")) || (!existsSync(join(homedir(), ".npm")) && writable(homedir()))) return env;
  return { ...env, npm_config_cache: join(paths.tools, "npm-cache") };
}

/** @param {string} path */
function writable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} path
 * @returns {Record<string, Locked> | undefined}
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} path of a package in a lock file: node_modules/a/node_modules/@b/c is @b/c */
function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** @param {Locked} locked */
function fitsThisMachine({ os, cpu, libc }) {
  return admits(os, "linux") && admits(cpu, process.arch) && admits(libc, "glibc");
}

/**
 * @param {string | string[] | undefined} asked an `os`, `cpu` or `libc` of a package: a name, or several, or `!name`
 * @param {string} value
 */
function admits(asked, value) {
  if (asked === undefined) return true;
  const list = [asked].flat();
  return list.includes(value) || (list.every((one) => one.startsWith("!")) && !list.includes(`!${value}`));
}
