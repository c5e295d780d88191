/** For tests: a root of its own with records in it, apps that listen or misbehave, and waits with a deadline. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { isNodeError } from "#core/errors.ts";
import { layoutOf, type Layout } from "#core/layout.ts";
import type { BuildRecord, BuildStep, ProcessSpec, ReleaseRecord } from "#core/records.ts";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import { connectSupervisor, type SupervisorClient } from "./client.ts";
import { startSupervisor, type SupervisorOptions } from "./daemon.ts";
import { listLogFiles } from "./log-files.ts";
import { compressedEnding } from "./output/part-name.ts";
import { listProcesses } from "./proc-tree.ts";

export const testKey = Buffer.alloc(32, 7);

export type Bench = {
  readonly layout: Layout;
  readonly client: SupervisorClient;
  start(more?: Partial<SupervisorOptions>): Promise<{ stop(): Promise<void> }>;
  release(
    app: string,
    release: number,
    processes: Record<string, Partial<ProcessSpec>>,
    more?: Partial<ReleaseRecord>,
  ): void;
  build(app: string, build: number, steps: readonly Partial<BuildStep>[], more?: Partial<BuildRecord>): void;
  env: Record<string, string>;
  /** Processes whose environment names this root's instances. */
  clean(): Promise<void>;
};

/** `directory` is where its files are made. */
export function makeBench(directory = tmpdir()): Bench {
  const base = mkdtempSync(join(directory, "hop3s-"));
  const layout = layoutOf({ root: join(base, "root"), run: join(base, "run") });
  const client = connectSupervisor(layout.supervisorSocket);
  let running: { stop(): Promise<void> } | undefined;
  const env: Record<string, string> = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, BENCH: base };
  const tree = (app: string, build: number): void => void mkdirSync(layout.buildTree(app, build), { recursive: true });
  return {
    layout,
    client,
    env,
    async start(more = {}) {
      running = await startSupervisor({ ...testOptions(layout), ...more });
      return running;
    },
    release(app, release, processes, more = {}) {
      tree(app, 1);
      mkdirSync(layout.release(app, release), { recursive: true });
      const record: ReleaseRecord = {
        version: 1,
        app,
        release,
        build: 1,
        createdAt: "2026-01-01T00:00:00.000Z",
        cwd: ".",
        processes: Object.fromEntries(
          Object.entries(processes).map(([type, spec]) => [type, { ...specOf(type), ...spec }]),
        ),
        hooks: [],
        env: sealEnv(testKey, recordEnvContext("release", app, release), env),
        ...more,
      };
      writeFileSync(layout.releaseRecord(app, release), JSON.stringify(record));
    },
    build(app, build, steps, more = {}) {
      tree(app, build);
      const record = {
        version: 1,
        app,
        build,
        steps: steps.map((step) => ({ name: "step", argv: ["/bin/true"], cwd: ".", timeout: 20, ...step })),
        env: sealEnv(testKey, recordEnvContext("build", app, build), env),
        ...more,
      };
      writeFileSync(layout.buildRecord(app, build), JSON.stringify(record));
    },
    async clean() {
      client.close();
      await running?.stop();
      for (const pid of benchProcesses(base)) killIfThere(pid);
      await eventually(() => benchProcesses(base).length === 0, "no process left");
      rmSync(base, { recursive: true, force: true });
    },
  };
}

export function testOptions(layout: Layout): SupervisorOptions {
  return {
    layout,
    mode: "user",
    version: "0.0.0-test",
    masterKey: () => testKey,
    services: [],
    session: {
      argv: [process.execPath, fileURLToPath(new URL("../../cmd/session.ts", import.meta.url))],
      env: { BENCH: layout.root },
    },
    timing: { backoffFirst: 50, serviceFirst: 50, stayUp: 100, warmLook: 100, startLeast: 50 },
    memory: () => ({ total: 100, available: 100 }),
    // Away from the range of a supervisor that may run on this machine.
    limits: { ports: { first: 30_500, last: 31_499 } },
  };
}

function specOf(type: string): ProcessSpec {
  return {
    command: "exec sleep 1000",
    count: 1,
    listens: type === "web" ? "http" : "none",
    startTimeout: 10,
    stopTimeout: 5,
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isNodeError(error) || error.code !== "ESRCH") throw error; // it ended after it was listed
  }
}

/** Processes that have this directory in their environment or command line. */
export function benchProcesses(base: string): number[] {
  return listProcesses()
    .map((one) => one.pid)
    .filter((pid) => {
      if (pid === process.pid) return false;
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, "latin1").includes(base) ||
          readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(base)
        );
      } catch {
        return false;
      }
    });
}

/** An app that answers with its name and pid, on its unix socket or its port. */
export function serverCommand(where: "unix" | "tcp", name: string): string {
  const target = where === "unix" ? "process.env.HOP3_SOCKET" : "process.env.PORT, '127.0.0.1'";
  return `exec node -e "require('http').createServer((q,r)=>r.end('${name} '+process.pid)).listen(${target})"`;
}

export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 15_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All that the app's processes have printed, stamped. */
export function logText(bench: Bench, app: string): string {
  return listLogFiles(bench.layout.appLogs(app))
    .map(({ path }) => logFileText(path))
    .join("");
}

/** Of the plain file, or the compressed one in its place. */
export function logFileText(path: string): string {
  const compressed = `${path}${compressedEnding}`;
  return existsSync(path) ? readFileSync(path, "utf8") : zstdDecompressSync(readFileSync(compressed)).toString();
}
