import assert from "node:assert/strict";
import { test } from "node:test";
import { readAppSpec } from "#core/app-config/read.ts";
import { memoryFiles } from "#core/app-config/testing.ts";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { node } from "./index.ts";
import { newestWithin, parseRange, parseVersion } from "./semver-range.ts";

const [builder] = node.builders;
const tools = { uv: "uv", python: "python", node: "node", npm: "npm" };

function plan(contents: Record<string, string | null>) {
  const files = memoryFiles(contents);
  return builder.plan({ files, spec: readAppSpec(files), tools });
}

function refuses(code: ErrorCode, contents: Record<string, string | null>) {
  assert.throws(
    () => plan(contents),
    (error) => error instanceof AppError && error.code === code,
    JSON.stringify(contents).slice(0, 200),
  );
}

const json = (object: object) => JSON.stringify(object);
const served = { scripts: { start: "node x.js" } };
const steps = (contents: Record<string, string | null>) =>
  plan(contents).steps.map(({ argv }) => argv.slice(1).join(" "));

test("ranges mean what npm means by them", () => {
  const cases: [string, string[], string[]][] = [
    ["^20.10", ["20.10.0", "20.99.1"], ["20.9.9", "21.0.0"]],
    ["~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]],
    [">=18 <21 || 22.x", ["18.0.0", "20.9.9", "22.3.1"], ["17.9.9", "21.0.0", "23.0.0"]],
    ["18 - 20", ["18.0.0", "20.9.9"], ["21.0.0"]],
    ["> 18", ["19.0.0"], ["18.9.9"]],
    ["<=20.1", ["20.1.9"], ["20.2.0"]],
    ["^0.2.1", ["0.2.9"], ["0.3.0"]],
    ["*", ["0.0.1", "99.0.0"], []],
    ["v22.1.0", ["22.1.0"], ["22.1.1"]],
  ];
  for (const [range, inside, outside] of cases) {
    const admits = parseRange(range);
    for (const text of inside) assert.equal(admits?.(parseVersion(text) ?? [0, 0, 0]), true, `${text} in ${range}`);
    for (const text of outside) assert.equal(admits?.(parseVersion(text) ?? [0, 0, 0]), false, `${text} in ${range}`);
  }
  for (const text of ["abc", "^", "1.2.3.4", "1 || x y", "^1.2-beta"]) assert.equal(parseRange(text), undefined, text);
  assert.equal(
    newestWithin(["20.9.0", "20.10.0", "21.0.0", "20.11.0-rc.1"], (version) => version[0] === 20),
    "20.10.0",
  );
});

test("the lock file decides the tool, and packageManager its version", () => {
  assert.deepEqual(steps({ "package.json": json(served), "package-lock.json": "{}" }), ["ci --omit=dev"]);
  assert.deepEqual(steps({ "package.json": json(served), "pnpm-lock.yaml": "lockfileVersion: '6.0'" }), [
    "install --frozen-lockfile --prod",
  ]);
  assert.deepEqual(plan({ "package.json": json(served), "pnpm-lock.yaml": "lockfileVersion: '6.0'" }).runtimes[1], {
    name: "pnpm",
    range: "8.15.9",
  });
  assert.deepEqual(steps({ "package.json": json(served), "yarn.lock": "# yarn lockfile v1" }), [
    "install --non-interactive --frozen-lockfile --production=true",
  ]);
  const berry = plan({
    "package.json": json({ ...served, packageManager: "yarn@4.5.0+sha224.abc" }),
    "yarn.lock": "__metadata:",
  });
  assert.deepEqual(berry.runtimes[1], { name: "berry", range: "4.5.0" });
  refuses("NOT_BUILT_YET", { "package.json": json(served), "bun.lock": "" });
  refuses("INVALID_SOURCE", { "package.json": json({ ...served, packageManager: "pnpm@latest" }) });
  refuses("INVALID_SOURCE", { "package.json": json({ ...served, packageManager: "npm@1.0.0 --registry=http://x" }) });
});

test("a build gets what is only for development, and the app does not", () => {
  const app = json({ scripts: { start: "x", build: "vite build" }, devDependencies: { vite: "1" } });
  assert.deepEqual(steps({ "package.json": app, "package-lock.json": "{}" }), [
    "ci --include=dev",
    "run build",
    "prune --omit=dev --ignore-scripts",
  ]);
});

test("the user's own build replaces the build script, and after-build keeps what is for development", () => {
  const app = json({ scripts: { start: "x", build: "vite build" }, dependencies: { a: "1" } });
  const names = (toml: string) => plan({ "package.json": app, "hop3.toml": toml }).steps.map(({ name }) => name);
  assert.deepEqual(names('[build]\nbuild = "make"'), ["npm install", "build", "npm prune"]);
  assert.deepEqual(names('[build]\nafter-build = "make"'), ["npm install", "npm run build"]);
});

test("the web process is the start script, the main file or a usual name", () => {
  const web = (contents: Record<string, string>) => plan(contents).processes["web"];
  assert.equal(web({ "package.json": json({ scripts: { start: "node a.js", prestart: "x" } }) }), "x && node a.js");
  assert.equal(web({ "package.json": json({ main: "./lib/a b.js" }), "lib/a b.js": "" }), "exec node './lib/a b.js'");
  assert.equal(web({ "package.json": json({ main: "../../etc/passwd" }), "index.mjs": "" }), "exec node index.mjs");
  assert.equal(web({ "package.json": json(served), Procfile: "web: mine" }), undefined);
  refuses("NOT_DETECTED", { "package.json": "{}" });
});

test("a build without a server makes a site", () => {
  const made = plan({ "package.json": json({ scripts: { build: "vite build" }, devDependencies: { vite: "7" } }) });
  assert.deepEqual([made.staticPaths, made.processes], [{ "/": "dist" }, {}]);
});

test("the app's Node is asked for in four places, the nearest to Hop3 first", () => {
  const range = (contents: Record<string, string>) => plan(contents).runtimes[0]?.range;
  const app = json({ ...served, engines: { node: "^20" } });
  assert.equal(range({ "package.json": app, ".nvmrc": "18" }), "^20");
  assert.equal(range({ "package.json": app, "hop3.toml": "[build]\nnode-version = 22" }), "22");
  assert.equal(range({ "package.json": json(served), ".nvmrc": "v18.2.0\n" }), "v18.2.0");
  assert.equal(range({ "package.json": json(served), ".nvmrc": "lts/*" }), "*");
  refuses("INVALID_SOURCE", { "package.json": json({ ...served, engines: { node: "$(id)" } }) });
});

test("a hostile package.json is one clear error", () => {
  for (const content of [
    null,
    "{",
    "[]",
    "null",
    "\ufffd",
    " ".repeat(2_000_000),
    '{"scripts":[]}',
    '{"scripts":{"start":1}}',
    '{"main":{}}',
    '{"engines":"x"}',
    '{"dependencies":7}',
  ]) {
    refuses("INVALID_SOURCE", { "package.json": content });
  }
});
