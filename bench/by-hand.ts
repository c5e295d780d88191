/**
 * The same work without Hop3: the commands that Hop3 recorded for a release (its build's steps, its hooks, its processes,
 * their environment), run one after the other in a directory of our own, then asked directly until the app answers.
 * What a person would type, and nothing else: no upload, no edge, no records.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildRecord, ReleaseRecord } from "#core/records.ts";
import { recordEnvContext, unseal } from "#core/sealed.ts";
import { httpProbe } from "#paas/http-probe.ts";
import { exec } from "#sys/exec.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";

type Environment = Record<string, string>;

/** Every path of the app's folder on the server is replaced by one below a directory of ours. */
export type Recipe = {
  readonly steps: readonly { readonly argv: readonly string[]; readonly cwd: string }[];
  readonly buildEnv: Environment;
  readonly hooks: readonly string[];
  readonly processes: Readonly<Record<string, string>>;
  readonly env: Environment;
  readonly cwd: string;
};

/** A place where an app is built again and again: its caches and data stay, its trees come and go. */
export type HandBuilt = {
  /** Milliseconds from the first command to the first 200; undefined for a static site: a web server that runs needs nothing. */
  deploy(source: string, recipe: Recipe): Promise<number | undefined>;
  remove(): Promise<void>;
};

/** Milliseconds between two looks whether the app answers, here and through the edge. */
export const lookMs = 5;
const patienceMs = 30_000;

/** Reads what Hop3 did for a release that is live. */
export function recipeOf({ layout }: RunningPlatform, app: string, release: number): Recipe {
  const key = readFileSync(layout.masterKey);
  const made = JSON.parse(readFileSync(layout.releaseRecord(app, release), "utf8")) as ReleaseRecord;
  const build = JSON.parse(readFileSync(layout.buildRecord(app, made.build), "utf8")) as BuildRecord;
  const moved = <Value>(value: Value): Value =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll(layout.buildTree(app, made.build), "{here}/tree")
        .replaceAll(layout.app(app), "{here}"),
    ) as Value;
  const opened = (kind: "build" | "release", number: number, sealed: string) =>
    moved(JSON.parse(unseal(key, recordEnvContext(kind, app, number), sealed)) as Environment);
  return {
    // That Hop3 removes its own files from the tree is no work of the hand.
    steps: moved(build.steps.filter(({ argv }) => argv[0] !== "/bin/rm").map(({ argv, cwd }) => ({ argv, cwd }))),
    buildEnv: opened("build", build.build, build.env),
    hooks: made.hooks.map(({ command }) => command),
    processes: Object.fromEntries(Object.entries(made.processes).map(([type, { command }]) => [type, command])),
    env: opened("release", made.release, made.env),
    cwd: made.cwd,
  };
}

export function handBuilt(): HandBuilt {
  const base = mkdtempSync(join(tmpdir(), "hop3-hand-"));
  let tries = 0;
  return {
    async deploy(source, recipe) {
      tries += 1;
      const tree = join(base, `tree-${tries}`);
      await cp(source, tree, { recursive: true });
      for (const name of ["cache", "data", "home"]) await mkdir(join(base, name), { recursive: true });
      try {
        return await run(put(recipe, tree, base), tree, join(base, `${tries}.sock`));
      } finally {
        await rm(tree, { recursive: true, force: true });
      }
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

/** What Hop3 recorded for a release, with the paths of the place that it was built in. */
export function recipeInPlace(platform: RunningPlatform, app: string, release: number): Recipe & { tree: string } {
  const { layout } = platform;
  const { build } = JSON.parse(readFileSync(layout.releaseRecord(app, release), "utf8")) as ReleaseRecord;
  const tree = layout.buildTree(app, build);
  return { ...put(recipeOf(platform, app, release), tree, layout.app(app)), tree };
}

/** Milliseconds from the start of a release's processes, in the tree that it was built in, to the first 200. */
export async function bootByHand(platform: RunningPlatform, app: string, release: number): Promise<number> {
  const { tree, ...recipe } = recipeInPlace(platform, app, release);
  const base = mkdtempSync(join(tmpdir(), "hop3-hand-"));
  try {
    const took = await run({ ...recipe, steps: [], hooks: [] }, tree, join(base, "boot.sock"));
    if (took === undefined) throw new Error(`${app} has no process to boot`);
    return took;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** The recipe with its paths in a tree, and below a directory for all else. */
function put(recipe: Recipe, tree: string, base: string): Recipe {
  return JSON.parse(JSON.stringify(recipe).replaceAll("{here}/tree", tree).replaceAll("{here}", base)) as Recipe;
}

async function run(recipe: Recipe, tree: string, socket: string): Promise<number | undefined> {
  if (Object.keys(recipe.processes).length === 0) return undefined;
  const port = await freePort();
  const cwd = join(tree, recipe.cwd);
  const env = { ...recipe.env, BIND_ADDRESS: "127.0.0.1", HOST: "127.0.0.1", PORT: String(port), HOP3_SOCKET: socket };
  const stop = new AbortController();
  const running: Promise<unknown>[] = [];
  const said: string[] = [];
  try {
    const began = performance.now();
    for (const { argv, cwd: at } of recipe.steps) await succeed(argv, join(tree, at), recipe.buildEnv);
    for (const command of recipe.hooks) await succeed(["/bin/sh", "-c", command], cwd, env);
    for (const [type, command] of Object.entries(recipe.processes)) {
      const onLine = (line: string) => void said.push(line);
      const options = { cwd, env: { ...env, PROC_TYPE: `${type}.1` }, signal: stop.signal, onLine };
      // Ends by our abort; an app that ends by itself is told by the wait for its answer.
      running.push(exec(["/bin/sh", "-c", command], options).catch(() => undefined));
    }
    await untilAnswers([`unix/${socket}`, `127.0.0.1:${port}`], began + patienceMs);
    return performance.now() - began;
  } catch (error) {
    throw new Error(`by hand: ${String(error)}\n${said.slice(-20).join("\n")}`, { cause: error });
  } finally {
    stop.abort();
    await Promise.all(running);
  }
}

async function succeed(argv: readonly string[], cwd: string, env: Environment): Promise<void> {
  const { exitCode, stdout, stderr } = await exec(argv, { cwd, env });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`);
}

/** An app listens on its socket or on its port. */
async function untilAnswers(addresses: readonly string[], deadline: number): Promise<void> {
  const never = new AbortController().signal;
  const asks = (address: string) =>
    httpProbe({ address, host: "localhost", method: "GET", path: "/", timeoutMs: 5000 }, never).catch(() => undefined);
  for (;;) {
    const answers = await Promise.all(addresses.map(asks));
    if (answers.some((answer) => answer?.status === 200)) return;
    if (performance.now() > deadline)
      throw new Error(
        `the app does not answer with 200: ${answers.map((answer) => answer?.status ?? "nothing").join(", ")}`,
      );
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
