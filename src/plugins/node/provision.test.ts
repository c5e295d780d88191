import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import type { BuildPlan, PluginContext } from "#core/plugin.ts";
import { provisionNode } from "./provision.ts";

const plan = (range: string): BuildPlan => ({
  summary: "",
  runtimes: [{ name: "node", range }],
  steps: [],
  env: {},
  buildEnv: {},
  path: [],
  processes: {},
  staticPaths: {},
});

test("npm is asked in a place of our own and told its prefix, so that no .npmrc around the server's start is read", async (t) => {
  const runtimes = await mkdtemp(join(tmpdir(), "hop3-runtimes-"));
  t.after(() => rm(runtimes, { recursive: true }));
  const asked: { argv: readonly string[]; cwd: string | undefined }[] = [];
  const ctx: PluginContext = {
    log: { info: () => undefined, warn: () => undefined },
    exec: async (argv, options) => {
      asked.push({ argv, cwd: options?.cwd });
      const stdout = argv.includes("view") ? '["4.0.0", "--evil", "4.0.0-$(id)", 7]' : "v26.0.0";
      return { exitCode: 0, signal: null, timedOut: false, stdout, stderr: "" };
    },
    runtimes,
    tools: { uv: "/uv", python: "/python", node: "/node", npm: "/npm/bin/npm-cli.js" },
    signal: new AbortController().signal,
  };
  await assert.rejects(
    provisionNode(plan("^3"), ctx),
    (error: unknown) => error instanceof AppError && error.code === "RUNTIME_MISSING",
  );
  const view = asked.find(({ argv }) => argv.includes("view"));
  assert.equal(view?.cwd, runtimes);
  assert.equal(view?.argv[view.argv.indexOf("--prefix") + 1], runtimes);
  // The fake installs nothing, which is told; what counts is what it was asked for.
  await assert.rejects(provisionNode(plan("^4"), ctx));
  const install = asked.find(({ argv }) => argv.includes("install"));
  assert.equal(install?.cwd, runtimes);
  assert.ok(install?.argv.includes("--ignore-scripts"));
  assert.ok(install?.argv.includes(`node-linux-${process.arch}@4.0.0`));
  assert.ok(install?.argv[install.argv.indexOf("--prefix") + 1]?.startsWith(`${runtimes}/`));
});

test("what would be an option or a path where a version is expected never gets as far as npm", async () => {
  const never = () => assert.fail("nothing may be run");
  const ctx = { exec: never, runtimes: "/none", tools: {} } as unknown as PluginContext;
  for (const range of ["--registry=http://evil", "../../x", "22 --prefix /", "$(id)", "22;id", "latest"]) {
    await assert.rejects(provisionNode(plan(range), ctx), (error: unknown) => error instanceof AppError);
  }
});
