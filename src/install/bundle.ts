/**
 * What of a checkout is installed, as trees that are named by their content: the code, and each tool on its own, for tools
 * change seldom and apps were built with them. A tree that is there by its name is there whole.
 */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";

/** A file with where it comes from, or a link with where it leads, relative to itself. */
export type Entry =
  | { readonly path: string; readonly from: string; readonly executable: boolean }
  | { readonly path: string; readonly to: string };

export type Bundle = { readonly name: string; readonly entries: readonly Entry[]; readonly bytes: number };

/** What of npm the server runs on; what these need themselves goes with them. */
export const runtimePackages = [
  "@hono/node-server",
  "@lydell/node-pty",
  "commander",
  "hono",
  "kysely",
  "openid-client",
  "pg",
  "pino",
  "smol-toml",
  "tar-stream",
  "zod",
] as const;

export type Checkout = {
  readonly root: string;
  readonly version: string;
  /** `x64`, `arm64` */
  readonly arch: string;
};

/** Tools first, the code last, which links to them. Throws UNAVAILABLE when the checkout was never set up. */
export function readBundles({ root, version, arch }: Checkout): readonly Bundle[] {
  const inRoot = (path: string): string => join(root, path);
  const nodeName = `node-linux-${arch}`;
  refuseUnready([inRoot(`node_modules/${nodeName}/bin/node`), inRoot(".tools/bin/caddy"), inRoot(".tools/bin/uv")]);
  const node = bundle("node", [
    ...tree(inRoot(`node_modules/${nodeName}/bin`), "bin", () => true),
    ...tree(inRoot(`node_modules/${nodeName}/include`), "include", () => true),
    ...optional(inRoot(`node_modules/${nodeName}/lib`), "lib"),
  ]);
  const npm = bundle(
    "npm",
    tree(inRoot(".tools/npm"), "", () => true),
  );
  const uv = bundle("uv", [file("uv", realpathSync(inRoot(".tools/bin/uv")))]);
  const caddy = bundle("caddy", [file("caddy", realpathSync(inRoot(".tools/bin/caddy")))]);
  const code = bundle(version, [
    file("package.json", inRoot("package.json")),
    file("LICENSE", inRoot("LICENSE")),
    file("bin/hop3", inRoot("bin/hop3")),
    ...tree(inRoot("cmd"), "cmd", isRun),
    ...tree(inRoot("src"), "src", isRun),
    ...closure(inRoot("node_modules")).flatMap((name) =>
      tree(inRoot(`node_modules/${name}`), `node_modules/${name}`, () => true),
    ),
    { path: `node_modules/${nodeName}`, to: `../../${node.name}` },
    { path: ".tools/npm", to: `../../${npm.name}` },
    { path: ".tools/bin/node", to: `../../../${node.name}/bin/node` },
    { path: ".tools/bin/npm", to: "../npm/node_modules/npm/bin/npm-cli.js" },
    { path: ".tools/bin/npx", to: "../npm/node_modules/npm/bin/npx-cli.js" },
    { path: ".tools/bin/uv", to: `../../../${uv.name}/uv` },
    { path: ".tools/bin/caddy", to: `../../../${caddy.name}/caddy` },
  ]);
  return [node, npm, uv, caddy, code];
}

/** Tests and what only they read stay at home. */
function isRun(path: string): boolean {
  return !/\.test\.ts$|\/fixture(\/|\.plan\.json$)/.test(path);
}

function bundle(name: string, entries: readonly Entry[]): Bundle {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash("sha256");
  let bytes = 0;
  for (const entry of sorted) {
    if ("to" in entry) hash.update(`link ${entry.path}\0${entry.to}\0`);
    else {
      const content = readFileSync(entry.from);
      bytes += content.length;
      hash.update(`file ${entry.path}\0${entry.executable}\0${content.length}\0`).update(content);
    }
  }
  return { name: `${name}-${hash.digest("hex").slice(0, 8)}`, entries: sorted, bytes };
}

function tree(from: string, to: string, wanted: (path: string) => boolean): Entry[] {
  return readdirSync(from, { withFileTypes: true }).flatMap((entry) => {
    const source = join(from, entry.name);
    const path = join(to, entry.name);
    if (entry.isDirectory()) return entry.name === ".bin" ? [] : tree(source, path, wanted);
    // A link is taken for what it leads to: what is installed leads nowhere out.
    return wanted(path) && statSync(source).isFile() ? [file(path, source)] : [];
  });
}

function optional(from: string, to: string): Entry[] {
  return lstatSync(from, { throwIfNoEntry: false })?.isDirectory() === true ? tree(from, to, () => true) : [];
}

function file(path: string, from: string): Entry {
  return { path, from, executable: (statSync(from).mode & 0o100) !== 0 };
}

/** The packages that run, with all that they need as far as it is there: a package of another platform is not. */
function closure(directory: string): string[] {
  const found = new Set<string>();
  const add = (name: string, isNeeded: boolean): void => {
    if (found.has(name)) return;
    const path = join(directory, name, "package.json");
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      if (isNeeded) refuseUnready([path]);
      return;
    }
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(path, "utf8")) as {
      dependencies?: object;
      optionalDependencies?: object;
    };
    for (const one of Object.keys(dependencies)) add(one, !(one in optionalDependencies));
    for (const one of Object.keys(optionalDependencies)) add(one, false);
  };
  for (const name of runtimePackages) add(name, true);
  return [...found].toSorted();
}

function refuseUnready(paths: readonly string[]): void {
  const missing = paths.find((path) => statSync(path, { throwIfNoEntry: false }) === undefined);
  if (missing === undefined) return;
  throw new AppError("UNAVAILABLE", `This checkout of Hop3 is not set up: ${missing} is missing.`, {
    hint: "Run `npm start` in it once, as yourself; Ctrl-C when it is ready.",
  });
}
