/**
 * A whole platform for a test: its own root, run directory and ports, the real supervisor, Caddy and hop3d as processes of
 * their own. Apps are deployed through the HTTP API, as the CLI does it.
 */
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { chmod, readdir, readFile, lstat, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { layoutOf, type Layout } from "#core/layout.ts";
import type { HttpsSettings } from "#core/plugin.ts";
import { asHop3d } from "#cmd/wire/as-hop3d.ts";
import { ownProcess } from "#cmd/wire/own-process.ts";
import { prepare } from "#cmd/wire/prepare.ts";
import { serverEnvironment, toolEnvironment, type ServerSettings } from "#cmd/wire/settings.ts";
import { prepareSystem } from "#cmd/wire/system-mode.ts";
import { makeCgroup } from "#supervisor/cgroup/cgroup.ts";
import { connectSupervisor, type SupervisorClient } from "#supervisor/client.ts";
import { wallClock } from "#supervisor/clock.ts";
import { treeOf } from "#supervisor/system.ts";
import { protocolVersion } from "#supervisor/protocol.ts";
import { exec } from "#sys/exec.ts";
import { freePortFrom } from "#sys/free-port.ts";
import { makeRunDir } from "#sys/run-dir.ts";
import { removeRoot } from "./remove-root.ts";
import { eventually, type DeployFailure, type DeployResult, type TestPlatform } from "./apps.ts";

export type RunningPlatform = TestPlatform & {
  /** The directory that has the root and the run directory. */
  readonly base: string;
  readonly apiUrl: string;
  readonly settings: ServerSettings;
  readonly layout: Layout;
  readonly token: string;
  readonly supervisor: SupervisorClient;
  /** JSON of an API call; fails the test when the status is not 2xx. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** kill -9 of every process of the platform and of its apps, at once. */
  killEverything(): Promise<void>;
  /** kill -9 of the supervisor alone. */
  killSupervisor(): Promise<void>;
  /** Starts the supervisor again on the same root. */
  startAgain(): Promise<void>;
  /** TERM to the supervisor; resolves when it has ended. */
  halt(): Promise<void>;
  /** Ends all and removes the root. */
  stop(): Promise<void>;
};

let ports = 18_000 + (process.pid % 500) * 20;

export async function startPlatform(
  options: {
    readonly rootPrefix?: string;
    readonly env?: Record<string, string>;
    /** The edge's port, when it must be known before. */
    readonly http?: number;
    /** Without it HTTPS is not served, also in system mode. */
    readonly https?: HttpsSettings;
    /** Where the edge serves the API, beside its own port; needs `https`. */
    readonly adminDomain?: string;
    /** Path of the supervisor's entry file, when it is not the real one. */
    readonly supervisor?: string;
    /** Called when the root exists and nothing is in it. */
    readonly onRoot?: (root: string) => Promise<void>;
  } = {},
): Promise<RunningPlatform> {
  const base = mkdtempSync(join(tmpdir(), "hop3-e2e-"));
  const root = join(base, options.rootPrefix ?? "root");
  const layout = layoutOf({ root, run: join(base, "r") });
  const settings: ServerSettings = {
    // test/system/e2e.test.ts runs these tests once more.
    mode: process.env["HOP3_TEST_MODE"] === "system" ? "system" : "user",
    layout,
    apiPort: await nextPort(),
    httpPort: options.http ?? (await nextPort()),
    https: options.https,
    baseDomain: "localhost",
    adminDomain: options.adminDomain,
    postgresUri: options.env?.["POSTGRES_DB_URI"],
    builds: 2,
    sourceNetworks: "",
    // Tests ask more often than a person does.
    apiRate: 10_000,
    cgroup: undefined,
    oidc: undefined,
  };
  makeRunDir(layout.run, process.getuid?.() ?? 0);
  const { mkdirSync } = await import("node:fs");
  mkdirSync(root, { recursive: true });
  await options.onRoot?.(root);
  const token = await prepared(settings, base);
  const url = `http://127.0.0.1:${settings.apiPort}/api/v1`;
  const headers = { authorization: `Bearer ${token}` };
  let pid = 0;
  let ended: Promise<{ exitCode: number | null; signal: string | null }> = Promise.resolve({
    exitCode: 0,
    signal: null,
  });
  const lastWords: string[] = [];

  // hop3d may have lived on: the supervisor's own answer counts, too.
  const supervisor = connectSupervisor(layout.supervisorSocket);
  const answers = async () => {
    const said = await supervisor.call("hello", { protocol: protocolVersion }).catch(() => undefined);
    return said !== undefined && (await fetch(`${url}/version`).catch(() => undefined))?.ok === true;
  };
  const own = ownProcess(options.supervisor ?? join(import.meta.dirname, "../../cmd/supervisor.ts"), {
    ...toolEnvironment(process.env),
    ...serverEnvironment(settings),
    ...options.env,
  });
  const startAgain = async () => {
    ended = exec(own.argv, {
      env: own.env,
      onSpawn: (spawned) => (pid = spawned),
      onLine: (line) => lastWords.push(line),
    });
    await eventually("supervisor and hop3d answer", answers, 30_000).catch(async (error: unknown) => {
      const log = await readFile(join(layout.logs, "hop3d.log"), "utf8").catch(() => "no log");
      throw new Error(`${String(error)}\n${lastWords.join("\n")}\n${log.slice(-3000)}`);
    });
  };
  const halt = async () => {
    if (pid === 0) return;
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It died before: how it ended says so.
    }
    const { exitCode, signal } = await ended;
    pid = 0;
    assert.equal(exitCode, 0, `the supervisor ended with ${exitCode ?? signal}:\n${lastWords.slice(-30).join("\n")}`);
  };
  await startAgain();

  const killEverything = async () => {
    const killAll = async () => {
      const victims = await processesOf(base);
      for (const victim of victims) {
        try {
          process.kill(victim, "SIGKILL");
        } catch {
          // It ended with its parent.
        }
      }
      return victims.length;
    };
    // Again for what was being started meanwhile: a power cut takes that, too.
    await eventually("every process is gone", async () => (await killAll()) === 0);
    await ended;
    pid = 0;
  };

  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };

  return {
    base,
    apiUrl: url,
    settings,
    layout,
    token,
    supervisor,
    api,
    startAgain,
    halt,
    async deploy(dir, name): Promise<DeployResult> {
      const response = await fetch(`${url}/apps/${name}/deploys?create=true`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/x-tar" },
        body: await tarOf(dir),
      });
      const accepted = (await response.json()) as { deploy: number } & DeployFailure;
      if (response.status !== 202) return { outcome: "failed", error: accepted };
      const events = await fetch(`${url}/apps/${name}/deploys/${accepted.deploy}/events`, { headers });
      const done = await doneEvent(events);
      if (done.outcome !== "succeeded") return { outcome: "failed", error: done.error };
      const { builder } = (await api("GET", `/apps/${name}`)) as { builder: string };
      return { outcome: "live", builder };
    },
    edge: (name) => ({ port: settings.httpPort, host: `${name}.localhost` }),
    async listens(name) {
      const { apps } = await supervisor.call("status", {});
      const { live, instances = [] } = apps.find(({ app }) => app === name) ?? {};
      const address = instances.find(({ type, release }) => type === "web" && release === live)?.address;
      if (address === undefined || address === null) return "none";
      return address.startsWith("unix/") ? "unix" : "tcp";
    },
    destroy: async (name) => void (await api("DELETE", `/apps/${name}?confirm=${name}`)),
    async killSupervisor() {
      process.kill(pid, "SIGKILL");
      await ended;
      pid = 0;
    },
    killEverything,
    async stop() {
      supervisor.close();
      try {
        await halt();
      } catch (error) {
        // A supervisor that crashed leaves its processes: the next test must not meet them.
        await killEverything();
        throw error;
      }
      assert.deepEqual(await processesOf(base), [], "processes were left behind");
      if (settings.mode === "system") await removeCgroups(layout);
      await removeRoot(base);
    },
  };
}

/** Makes the records; resolves with a token of the admin. */
async function prepared(settings: ServerSettings, base: string): Promise<string> {
  if (settings.mode === "user") return prepare(settings, "0.0.0-test", undefined);
  await chmod(base, 0o755);
  return asHop3d(join(import.meta.dirname, "../.."), settings, await prepareSystem(settings), "token", "test");
}

/** None of their processes may be left. */
export async function removeCgroups(layout: Layout): Promise<void> {
  const all = makeCgroup(treeOf(layout), []);
  assert.deepEqual(all.members(), [], "processes were left behind");
  assert.equal(await all.remove(wallClock), true);
}

/** Pids of processes that have the root or run directory in their command line, environment or working directory. */
export async function processesOf(base: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    const state = /\) (\S)/.exec(await read("stat"))?.[1];
    if (state === undefined || state === "Z") continue;
    if ([await read("cmdline"), await read("environ"), cwd].some((text) => text.includes(base))) found.push(pid);
  }
  return found;
}

/** One that no other platform of this test has. */
export async function nextPort(): Promise<number> {
  const port = await freePortFrom(ports, "::");
  assert.ok(port !== undefined, "no free port");
  ports = port + 1;
  return port;
}

async function doneEvent(response: Response): Promise<{ outcome: string; error: DeployFailure }> {
  const text = await response.text();
  const [, data] = /event: ?done\n(?:id: ?\d+\n)?data: ?(.*)\n/.exec(text) ?? [];
  assert.ok(data !== undefined, `the stream ended without done:\n${text.slice(-2000)}`);
  return JSON.parse(data) as { outcome: string; error: DeployFailure };
}

/** A directory as the tar that the API takes. */
export async function tarOf(dir: string): Promise<Uint8Array<ArrayBuffer>> {
  const packing = pack();
  const add = async (path: string) => {
    for (const entry of (await readdir(join(dir, path))).toSorted()) {
      const name = join(path, entry);
      const stat = await lstat(join(dir, name));
      if (stat.isDirectory()) await add(name);
      else if (stat.isSymbolicLink())
        packing.entry({ name, type: "symlink", linkname: await readlink(join(dir, name)) });
      else packing.entry({ name, mode: stat.mode }, await readFile(join(dir, name)));
    }
  };
  const chunks: Uint8Array[] = [];
  const collecting = (async () => {
    for await (const chunk of packing) chunks.push(chunk as Uint8Array);
  })();
  await add("");
  packing.finalize();
  await collecting;
  return new Uint8Array(Buffer.concat(chunks));
}
