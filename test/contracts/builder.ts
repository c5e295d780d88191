/**
 * The contract of a builder, as one suite: detection is pure, a plan is data, and the steps of the plan, run on a real
 * app, give something that answers. A plugin's own test is mostly a call to it.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readAppSpec } from "#core/app-config/read.ts";
import type { Builder, PluginContext, SourceFiles } from "#core/plugin.ts";
import { replaceWords } from "#core/plan-words.ts";
import { sourceFiles } from "#paas/deploy/source-files.ts";
import { exec } from "#sys/exec.ts";
import { freePortFrom } from "#sys/free-port.ts";
import { pinnedTools } from "#sys/tools.ts";

export type BuilderCase = {
  readonly builder: Builder;
  /** A small real app; its plan stands beside it, in `<fixture>.plan.json`. HOP3_UPDATE_GOLDEN=1 writes it anew. */
  readonly fixture: string;
  /** Part of the page at `/`. */
  readonly answers: RegExp;
};

const base = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" };
/** In a golden plan the tools stand by name, wherever they are on this machine. */
const toolNames: PluginContext["tools"] = { uv: "{uv}", python: "{python}", node: "{node}", npm: "{npm}" };

export function builderContract(name: string, { builder, fixture, answers }: BuilderCase): void {
  describe(`${name} keeps the builder contract`, () => {
    const files = sourceFiles(fixture);

    test("it finds its own fixture, and says why", () => {
      const { score, reason } = builder.detect(files, readAppSpec(files));
      assert.ok(score > 0 && score <= 100, `score ${score}`);
      assert.match(reason, /\w/);
    });

    test("it finds nothing in an empty app", () => {
      assert.equal(builder.detect(noFiles, readAppSpec(noFiles)).score, 0);
    });

    test("detection and plan are pure: asked twice they say the same, and change nothing", () => {
      const spec = readAppSpec(files);
      const before = JSON.stringify(spec);
      assert.deepEqual(builder.detect(files, spec), builder.detect(files, spec));
      const input = { files, spec, tools: toolNames };
      assert.deepEqual(builder.plan(input), builder.plan(input));
      assert.equal(JSON.stringify(spec), before);
    });

    test("the plan is data, and it is the one that is written down", () => {
      const plan = builder.plan({ files, spec: readAppSpec(files), tools: toolNames });
      const text = `${JSON.stringify(plan, undefined, 2)}\n`;
      assert.deepEqual(JSON.parse(text), plan);
      const golden = `${fixture}.plan.json`;
      if (process.env["HOP3_UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
      assert.deepEqual(plan, JSON.parse(readFileSync(golden, "utf8")));
    });

    test("its steps, run on the fixture, give an app that answers", { timeout: 300_000 }, async (t) => {
      const app = await buildFixture(t, builder, fixture);
      const page = app.web === undefined ? staticPage(app) : await webPage(t, app, app.web);
      assert.match(page, answers);
    });
  });
}

const noFiles: SourceFiles = { exists: () => false, read: () => undefined, list: () => [] };

type Built = {
  readonly tree: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly web: string | undefined;
  readonly staticPaths: Readonly<Record<string, string>>;
};

/** Copies the app to a temporary folder, provisions its runtimes and runs its steps there. */
export async function buildFixture(t: TestContext, builder: Builder, fixture: string): Promise<Built> {
  const root = mkdtempSync(join(tmpdir(), "hop3-builder-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const tree = join(root, "tree");
  const home = join(root, "home");
  cpSync(fixture, tree, { recursive: true });
  mkdirSync(home);
  const files = sourceFiles(tree);
  const spec = readAppSpec(files);
  const tools = pinnedTools();
  const raw = builder.plan({ files, spec, tools });
  const hostEnv = { ...base, HOME: home };
  const { runtimes } = await builder.provision(raw, {
    log: { info: (line) => t.diagnostic(line), warn: (line) => t.diagnostic(line) },
    exec: (argv, options = {}) => exec(argv, { signal: t.signal, ...options, env: { ...hostEnv, ...options.env } }),
    runtimes: join(root, "runtimes"),
    tools,
    signal: t.signal,
  });
  const plan = replaceWords(raw, { tree, cache: join(root, "cache"), runtimes });
  const env = { ...hostEnv, ...plan.env, PATH: [...plan.path, base.PATH].join(":") };
  for (const step of plan.steps) {
    const result = await exec(step.argv, {
      cwd: join(tree, step.cwd),
      env: { ...env, ...plan.buildEnv },
      timeoutMs: step.timeout * 1000,
      signal: t.signal,
    });
    assert.equal(result.exitCode, 0, `${step.name}: ${result.stdout}${result.stderr}`);
  }
  const web = spec.processes["web"] ?? plan.processes["web"];
  return { tree, root, env, web, staticPaths: { ...plan.staticPaths, ...spec.staticPaths } };
}

function staticPage({ tree, staticPaths }: Built): string {
  const directory = staticPaths["/"];
  assert.ok(directory !== undefined, "no process, and nothing served at /");
  for (const name of ["ENV", "Procfile", "hop3.toml"]) {
    assert.equal(existsSync(join(tree, directory, name)), false, `${name} would be served`);
  }
  return readFileSync(join(tree, directory, "index.html"), "utf8");
}

/** Starts the process as the supervisor would, and asks it for `/` on its socket or its port. */
async function webPage(t: TestContext, { tree, root, env }: Built, command: string): Promise<string> {
  const socketPath = join(root, "web.sock");
  const port = await freePortFrom(20_000 + (process.pid % 20_000), "127.0.0.1");
  assert.ok(port !== undefined);
  const child = spawn("/bin/sh", ["-c", command], {
    cwd: tree,
    env: { ...env, HOP3_SOCKET: socketPath, PORT: String(port) },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  t.after(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await exited;
  });
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const target = existsSync(socketPath) ? { socketPath } : { host: "127.0.0.1", port };
    const page = await get(target).catch(() => undefined);
    if (page !== undefined) return page;
    await delay(50);
  }
  throw new Error(`The app does not answer. Its output: ${output}`);
}

function get(target: { socketPath: string } | { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ ...target, path: "/", headers: { host: "fixture.test" } }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(body));
    });
    call.on("error", reject);
    call.end();
  });
}
