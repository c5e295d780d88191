/** Makes Node and the package tool that a plan names available, from the npm registry; shared by all apps. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { BuildPlan, PluginContext, Provisioned } from "#core/plugin.ts";
import { newestWithin, parseRange, parseVersion, type Version } from "./semver-range.ts";

/** npm that runs on older Nodes, newest first: exact version and the Nodes it admits. */
const olderNpm = [
  { version: "10.9.9", nodes: "^18.17.0 || >=20.5.0" },
  { version: "9.9.4", nodes: "^14.17.0 || ^16.13.0 || >=18.0.0" },
];

const packages: Readonly<Record<string, { readonly name: string; readonly bins: Readonly<Record<string, string>> }>> = {
  npm: { name: "npm", bins: { npm: "bin/npm-cli.js", npx: "bin/npx-cli.js" } },
  pnpm: { name: "pnpm", bins: { pnpm: "bin/pnpm.cjs", pnpx: "bin/pnpx.cjs" } },
  yarn: { name: "yarn", bins: { yarn: "bin/yarn.js" } },
  berry: { name: "@yarnpkg/cli-dist", bins: { yarn: "bin/yarn.js" } },
};

/** Throws RUNTIME_MISSING when no such Node or tool exists, UNREACHABLE when the registry does not answer. */
export async function provisionNode(plan: BuildPlan, ctx: PluginContext): Promise<Provisioned> {
  const found: Record<string, string> = {};
  let node: Version = [0, 0, 0];
  for (const { name, range } of plan.runtimes) {
    if (name === "node") {
      const provisioned = await provisionNodeItself(range, ctx);
      found[name] = provisioned.directory;
      node = provisioned.version;
    } else found[name] = await provisionTool(name, range, node, ctx);
  }
  return { runtimes: found };
}

/** The server's own Node where it is in the range, else the newest that is. */
async function provisionNodeItself(
  range: string,
  ctx: PluginContext,
): Promise<{ directory: string; version: Version }> {
  const admits = parseRange(range);
  if (admits === undefined) throw new AppError("RUNTIME_MISSING", `${quote(range)} is not a range of Node versions.`);
  const own = parseVersion((await ctx.exec([ctx.tools.node, "--version"], { timeoutMs: 20_000 })).stdout);
  if (own !== undefined && admits(own)) {
    const binary = realpathSync(ctx.tools.node);
    return { directory: dirname(dirname(binary)), version: own };
  }
  const name = `node-linux-${process.arch}`;
  const version = await resolveNode(name, range, admits, ctx);
  const directory = await installPackage(name, version, join(ctx.runtimes, "node", version), {}, ctx);
  const home = join(directory, "node_modules", name);
  await refuseBroken(join(home, "bin/node"), version, ctx);
  return { directory: home, version: parseVersion(version) ?? [0, 0, 0] };
}

/** From version 25 on Node needs libatomic, which a small host may lack; the app's first start is too late to learn it. */
async function refuseBroken(binary: string, version: string, ctx: PluginContext): Promise<void> {
  const tried = await ctx.exec([binary, "--version"], { timeoutMs: 20_000 });
  if (tried.exitCode === 0) return;
  throw new AppError("RUNTIME_MISSING", `Node ${version} does not run on this server.`, {
    hint: tried.stderr.includes("libatomic")
      ? "Install libatomic on the server (Debian: apt-get install libatomic1), or ask for Node 24 or older in engines."
      : "Ask for another version in engines.",
    details: tried.stderr.trim().split("\n").slice(-5),
  });
}

async function resolveNode(
  name: string,
  range: string,
  admits: (version: Version) => boolean,
  ctx: PluginContext,
): Promise<string> {
  const result = await npm(ctx, ["view", name, "versions", "--json"]);
  let versions: unknown;
  try {
    versions = JSON.parse(result);
  } catch (cause) {
    throw new AppError("UNREACHABLE", "The npm registry gave no list of Node versions.", { cause });
  }
  const newest = newestWithin(
    Array.isArray(versions) ? versions.filter((version) => typeof version === "string") : [],
    admits,
  );
  if (newest === undefined)
    throw new AppError("RUNTIME_MISSING", `There is no Node for Linux ${process.arch} in the range ${quote(range)}.`);
  return newest;
}

/** A directory whose `bin/` holds the tool. */
async function provisionTool(name: string, range: string, node: Version, ctx: PluginContext): Promise<string> {
  const tool = packages[name];
  if (tool === undefined) throw new AppError("PLUGIN_FAILED", `The plan names an unknown runtime ${quote(name)}.`);
  if (range === "*") {
    if (parseRange(ownNpmNodes(ctx.tools.npm))?.(node) === true) return await linkOwnNpm(ctx);
    const older = olderNpm.find(({ nodes }) => parseRange(nodes)?.(node) === true);
    if (older === undefined)
      throw new AppError("RUNTIME_MISSING", `Node ${node.join(".")} is too old for every npm that Hop3 knows.`);
    return await installPackage(tool.name, older.version, join(ctx.runtimes, "npm", older.version), tool.bins, ctx);
  }
  return await installPackage(tool.name, range, join(ctx.runtimes, name, range), tool.bins, ctx);
}

/** `engines.node` of the pinned npm. */
function ownNpmNodes(cli: string): string {
  const text = readFileSync(join(dirname(dirname(cli)), "package.json"), "utf8");
  return (JSON.parse(text) as { engines?: { node?: string } }).engines?.node ?? "*";
}

/** The pinned npm under the names `npm` and `npx`; keyed by its place, so that a moved Hop3 makes a new one. */
async function linkOwnNpm(ctx: PluginContext): Promise<string> {
  const cli = realpathSync(ctx.tools.npm);
  const directory = join(ctx.runtimes, "npm", `own-${createHash("sha256").update(cli).digest("hex").slice(0, 12)}`);
  return await once(directory, (temporary) =>
    writeBins(temporary, { npm: cli, npx: join(dirname(cli), "npx-cli.js") }),
  );
}

/** Installs an exact version of a package; scripts do not run, integrity is npm's to check. */
function installPackage(
  name: string,
  version: string,
  directory: string,
  bins: Readonly<Record<string, string>>,
  ctx: PluginContext,
): Promise<string> {
  return once(directory, async (temporary) => {
    ctx.log.info(`installs ${name} ${version}`);
    await npm(ctx, [
      "install",
      "--prefix",
      temporary,
      "--ignore-scripts",
      "--no-package-lock",
      "--no-save",
      "--force",
      `${name}@${version}`,
    ]);
    const at = join("node_modules", name);
    if (!existsSync(join(temporary, at)))
      throw new AppError("RUNTIME_MISSING", `${name} ${version} does not run on this machine.`);
    // pnpm's files have other endings from one major version to the next.
    const present = Object.entries(bins).flatMap(([bin, path]) => {
      const file = [path, path.replace(/\.cjs$/, ".mjs")].find((candidate) =>
        existsSync(join(temporary, at, candidate)),
      );
      return file === undefined ? [] : [[bin, join(directory, at, file)] as const];
    });
    await writeBins(temporary, Object.fromEntries(present));
  });
}

/** Fills a temporary folder and renames it: whoever comes second finds a whole one, or loses the race and takes it. */
async function once(directory: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  const temporary = await mkdtemp(join(dirname(directory), ".new-"));
  try {
    await fill(temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, directory);
  } catch (error) {
    if (!isNodeError(error) || (error.code !== "ENOTEMPTY" && error.code !== "EEXIST")) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return directory;
}

async function writeBins(directory: string, bins: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(directory, "bin"), { recursive: true });
  for (const [name, file] of Object.entries(bins)) {
    // By the Node that is first on PATH, which is the app's.
    await writeFile(
      join(directory, "bin", name),
      `#!/bin/sh\nexec node '${file.replaceAll("'", String.raw`'\''`)}' "$@"\n`,
      { mode: 0o755 },
    );
  }
}

/** Runs the pinned npm and returns what it wrote. */
async function npm(ctx: PluginContext, args: readonly string[]): Promise<string> {
  const cache = join(ctx.runtimes, ".npm-cache");
  // Never by a configuration that somebody left in or above whatever directory this process was started in.
  const place = args.includes("--prefix") ? [] : ["--prefix", ctx.runtimes];
  await mkdir(ctx.runtimes, { recursive: true });
  const flags = [...place, `--cache=${cache}`, "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const result = await ctx.exec([ctx.tools.node, ctx.tools.npm, ...args, ...flags], {
    timeoutMs: 10 * 60_000,
    cwd: ctx.runtimes,
    env: { NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt" },
  });
  if (result.exitCode === 0) return result.stdout;
  if (/code E(?:TARGET|404)/.test(result.stderr)) {
    throw new AppError("RUNTIME_MISSING", `The npm registry has no ${quote(args.at(-1) ?? "")}.`);
  }
  throw new AppError("UNREACHABLE", `npm ${args[0] ?? ""} failed.`, {
    hint: "Can the server reach the npm registry?",
    details: result.stderr.trim().split("\n").slice(0, 10),
  });
}
