/** A platform in memory for the tests of the server and the CLI: small, true to the contract, with nothing behind it. */
import { duplexPair } from "node:stream";
import { decodeDeployEnv } from "#core/api/deploy-env.ts";
import type { DeploySummary } from "#core/api/deploys.ts";
import type { EventView } from "#core/api/events.ts";
import type { AppDetails, AppSummary } from "#core/api/apps.ts";
import { pageOf } from "#core/api/page.ts";
import type { LogLine } from "#core/api/logs.ts";
import type { EventOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import type { SshKeyView } from "#core/api/keys.ts";
import type { ProcessView } from "#core/api/processes.ts";
import { deployEnvHeader } from "#core/api/prefix.ts";
import type { SourceView, WebhookView } from "#core/api/sources.ts";
import { AppError } from "#core/errors.ts";
import { parseSshKey } from "#core/ssh-key.ts";
import { encodeFrame } from "#core/session-frames.ts";
import type { SystemCheck } from "#core/api/system.ts";
import { authorize } from "#identity/can.ts";
import { whoIs } from "#identity/who-is.ts";
import type { Role } from "#core/roles.ts";
import type { Principal } from "#identity/principal.ts";
import type { ServerOptions } from "./server.ts";
import type { AuditEntry } from "./refusals.ts";
import { noIdentity } from "./testing-identity.ts";
import { noSso } from "./testing-sso.ts";
import { memoryAnswers } from "./testing-answers.ts";
import type { UseCases } from "./use-cases.ts";

type MemoryApp = { env: Record<string, string>; domains: string[]; scale: number; stopped: boolean; release: number };

export type MemoryPlatform = {
  readonly useCases: UseCases;
  readonly apps: Map<string, MemoryApp>;
  /** Bytes of the last uploaded archive. */
  uploaded: Buffer;
  /** What the last pull was asked to fetch. */
  pulled: object | null;
  /** How many streams are being read, and how many were ended by their client. */
  openStreams: number;
  abortedStreams: number;
  /** When set, a deploy ends so. */
  failDeploy: AppError | null;
  /** What the list of deploys shows, the newest first. */
  deploys: DeploySummary[];
  /** What the server says of itself. */
  checks: SystemCheck[];
};

const at = "2026-01-02T03:04:05.000Z";
/** Somebody with a role, for tests. */
export function somebody(name: string, role: Role, extra: Partial<Principal> = {}): Principal {
  return {
    name,
    kind: "person",
    org: "default",
    roles: [role],
    grants: new Map(),
    credential: { id: `token-of-${name}`, kind: "token", name: "laptop", expiresAt: null },
    scope: { actions: null, apps: null },
    address: "127.0.0.1",
    ...extra,
  };
}

const admin = somebody("ada", "admin");
const viewer = somebody("vi", "viewer");

export function memoryPlatform(): MemoryPlatform {
  const apps = new Map<string, MemoryApp>();
  const keys: SshKeyView[] = [];
  const sources = new Map<string, SourceView>();
  const branches = new Map<string, string>();
  const webhooks = new Map<string, WebhookView>();
  const find = (name: string): MemoryApp => {
    const app = apps.get(name);
    if (app === undefined) throw new AppError("APP_NOT_FOUND", `There is no app named "${name}".`);
    return app;
  };
  const line = (text: string): LogLine => ({ at, source: "web.1", stream: "stdout", text });
  const summary = (name: string, app: MemoryApp): AppSummary => ({
    app: name,
    state: app.stopped ? "stopped" : "running",
    crashLoops: [],
    urls: [`http://${name}.localhost:8080`],
    release: app.release === 0 ? null : app.release,
    deployedAt: at,
  });
  const processes = (app: MemoryApp): ProcessView[] => [
    {
      type: "web",
      command: "serve",
      count: app.scale,
      listens: "http",
      restart: "always",
      instances: Array.from({ length: app.scale }, (_, index) => ({
        name: `web.${index + 1}`,
        state: "running",
        release: app.release,
        pid: 100 + index,
        since: at,
        restarts: 0,
        restartsInARow: 0,
        crashLoop: false,
        usage: {
          processes: 1,
          cpuSeconds: 1.5,
          memoryBytes: 20_000_000,
          memoryLimitBytes: null,
          descriptors: 9,
          uptimeSeconds: 75,
        },
        outOfMemory: 0,
        lastExit: null,
        nextTry: null,
      })),
    },
  ];
  const details = (name: string, app: MemoryApp): AppDetails => ({
    ...summary(name, app),
    createdAt: at,
    builder: "static",
    lastDeploy: null,
    processes: processes(app),
    notes: [],
  });
  const domains = (name: string, app: MemoryApp) => ({
    app: name,
    domains: app.domains.map((domain) => ({ domain, url: `http://${domain}`, source: "user" as const })),
  });
  const releaseOf = (release: number, live: number) => ({
    release,
    reason: "deploy" as const,
    summary: "Static files",
    build: release,
    createdAt: at,
    createdBy: "admin",
    live: release === live,
    restorable: true,
  });
  const nightly = {
    name: "nightly",
    schedule: "@daily",
    timezone: "UTC",
    command: "tidy",
    overlap: "forbid",
    timeoutSeconds: 60,
  } as const;
  const cronRunOf = (run: number) =>
    ({
      run,
      job: "nightly",
      release: 1,
      trigger: "schedule",
      outcome: "succeeded",
      exit: 0,
      due: at,
      startedAt: at,
      endedAt: "2026-01-02T03:04:07.500Z",
      times: 1,
      reason: null,
    }) as const;
  const eventsOf = (app: string): EventView[] => [
    {
      seq: 1,
      at,
      actor: "ada",
      action: "app.create",
      app,
      target: null,
      outcome: "ok",
      details: {},
      credential: { kind: "token", id: "token-of-ada", name: "laptop" },
      address: "192.0.2.7",
      request: "r1",
    },
    {
      seq: 4,
      at,
      actor: "hop3",
      action: "app.crash-loop",
      app,
      target: "web.1",
      outcome: "restarting",
      details: { restarts: 2, lastExit: "exit 1" },
      credential: null,
      address: null,
      request: null,
    },
  ];
  const collect = async (body: AsyncIterable<Uint8Array>) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  const platform: MemoryPlatform = {
    apps,
    uploaded: Buffer.alloc(0),
    pulled: null,
    openStreams: 0,
    abortedStreams: 0,
    failDeploy: null,
    deploys: [],
    checks: [{ name: "service caddy", state: "ok", message: "It runs." }],
    useCases: {
      listApps: async ({ query }) => {
        const { items, next } = pageOf([...apps], query, ([name]) => name);
        return { apps: items.map(([name, app]) => summary(name, app)), next };
      },
      showApp: async ({ params }) => details(params.app, find(params.app)),
      createApp: async ({ params }) => {
        const created = !apps.has(params.app);
        if (created) apps.set(params.app, { env: {}, domains: [], scale: 0, stopped: false, release: 0 });
        return { app: params.app, created };
      },
      destroyApp: async ({ params, query }) => {
        find(params.app);
        if (query.confirm !== params.app) throw new AppError("CONFIRMATION_NEEDED", "The name does not match.");
        apps.delete(params.app);
        return { app: params.app, removed: ["code", "data"] };
      },
      startApp: async ({ params }) => summary(params.app, Object.assign(find(params.app), { stopped: false })),
      stopApp: async ({ params }) => summary(params.app, Object.assign(find(params.app), { stopped: true })),
      restartApp: async ({ params }) => summary(params.app, find(params.app)),
      reloadApp: async ({ params }) => summary(params.app, find(params.app)),
      resetRestarts: async ({ params }) => summary(params.app, find(params.app)),
      pingApp: async ({ params }) => {
        find(params.app);
        return { app: params.app, url: `http://${params.app}.localhost:8080/`, status: 200, ms: 4 };
      },
      appDisk: async ({ params }) => {
        find(params.app);
        const parts = [
          { name: "builds" as const, bytes: 3_000_000, files: 20 },
          { name: "data" as const, bytes: 4096, files: 1 },
        ];
        return { app: params.app, bytes: 3_004_096, parts, unreadable: 0, measuredAt: at };
      },
      createSession: async ({ params, body }) => {
        const { release } = find(params.app);
        const session = Buffer.from(body.command.join(" ").padEnd(16, ".")).subarray(0, 16).toString("base64url");
        return { app: params.app, session, release };
      },
      // Says its command's first letters and what it was given first, and ends with 3.
      joinSession: async ({ params }) => {
        find(params.app);
        const [ours, theirs] = duplexPair({ allowHalfOpen: true });
        theirs.write(encodeFrame({ type: "stdout", data: Buffer.from(params.session, "base64url") }));
        theirs.once("data", (data: Buffer) => {
          theirs.write(encodeFrame({ type: "stderr", data }));
          theirs.end(encodeFrame({ type: "exit", code: 3 }));
        });
        return ours;
      },
      createDeploy: async ({ params, query, headers, body }) => {
        const known = apps.get(params.app);
        if (known === undefined && !query.create) find(params.app);
        platform.uploaded = await collect(body);
        const app = known ?? { env: {}, domains: [], scale: 1, stopped: false, release: 0 };
        Object.assign(app.env, decodeDeployEnv(headers[deployEnvHeader]));
        app.release += 1;
        apps.set(params.app, app);
        return { app: params.app, deploy: app.release, created: known === undefined };
      },
      createPull: async ({ params, body }) => {
        const known = apps.get(params.app);
        if (known === undefined && !body.create) find(params.app);
        if (body.from.kind === "source" && !sources.has(params.app)) {
          throw new AppError("NOT_FOUND", `${params.app} has no source to be fetched from.`);
        }
        platform.pulled = body.from;
        const app = known ?? { env: {}, domains: [], scale: 1, stopped: false, release: 0 };
        app.release += 1;
        apps.set(params.app, app);
        return { app: params.app, deploy: app.release, created: known === undefined };
      },
      showSource: async ({ params }) => {
        find(params.app);
        return { app: params.app, source: sources.get(params.app) ?? null };
      },
      setSource: async ({ params, body, principal }) => {
        find(params.app);
        const { url, branch, ref, credential } = body;
        const source = {
          url,
          ref: branch ?? ref ?? null,
          credential: credential?.user ?? null,
          setBy: principal.name,
          updatedAt: at,
        };
        sources.set(params.app, source);
        return { app: params.app, source };
      },
      listWebhooks: async ({ params }) => {
        find(params.app);
        return { app: params.app, webhooks: [...webhooks.values()] };
      },
      createWebhook: async ({ params, body, principal }) => {
        find(params.app);
        const webhook = {
          name: body.name,
          path: "/api/v1/webhooks/abcdefghijklmnopqrstuv",
          branch: body.branch ?? null,
          createdAt: at,
          createdBy: principal.name,
          rotatedAt: null,
          lastAt: null,
          lastOutcome: null,
        };
        webhooks.set(body.name, webhook);
        return { app: params.app, webhook, secret: "hop3w_first" };
      },
      rotateWebhook: async ({ params }) => {
        const webhook = webhooks.get(params.webhook);
        if (webhook === undefined) throw new AppError("NOT_FOUND", "There is no such webhook.");
        return { app: params.app, webhook, secret: "hop3w_second" };
      },
      removeWebhook: async ({ params }) => {
        if (!webhooks.delete(params.webhook)) throw new AppError("NOT_FOUND", "There is no such webhook.");
        return { app: params.app };
      },
      receiveWebhook: async ({ body }) => {
        platform.uploaded = Buffer.from(body);
        throw new AppError("UNAUTHENTICATED", "There is no such webhook, or its secret is another.");
      },
      removeSource: async ({ params }) => {
        if (!sources.delete(params.app))
          throw new AppError("NOT_FOUND", `${params.app} has no source to be fetched from.`);
        return { app: params.app };
      },
      listDeploys: async ({ params }) => {
        find(params.app);
        return { app: params.app, deploys: platform.deploys, next: null };
      },
      cancelDeploy: async ({ params }) => {
        find(params.app);
        const found = platform.deploys.find(({ deploy }) => deploy === params.deploy);
        if (found?.state !== "running") throw new AppError("CONFLICT", "It has ended already.");
        return Object.assign(found, { state: "canceled" as const, endedAt: at });
      },
      showDeploy: async ({ params }) => {
        find(params.app);
        return {
          app: params.app,
          deploy: params.deploy,
          state: "succeeded",
          waits: false,
          step: "retire",
          startedAt: at,
          endedAt: at,
          release: 1,
          error: null,
        };
      },
      followDeploy: async function* follow({ params, headers }) {
        const app = find(params.app);
        const error = platform.failDeploy;
        const events: readonly EventOf<Routes["followDeploy"]>[] = [
          { event: "step", data: { name: "build", state: "started", detail: "static files" } },
          { event: "output", data: { line: "copying", stream: "stdout" } },
          { event: "step", data: { name: "build", state: error === null ? "done" : "failed" } },
          error === null
            ? {
                event: "done",
                data: { outcome: "succeeded", release: app.release, url: `http://${params.app}.localhost:8080` },
              }
            : {
                event: "done",
                data: {
                  outcome: "failed",
                  release: null,
                  url: null,
                  error: { code: error.code, message: error.message, hint: error.hint, details: [] },
                },
              },
        ];
        const after = headers["last-event-id"] ?? 0;
        for (const [index, event] of events.entries()) if (index + 1 > after) yield { ...event, id: String(index + 1) };
      },
      planDeploy: async ({ params, body }) => {
        platform.uploaded = await collect(body);
        return {
          app: params.app,
          exists: apps.has(params.app),
          builder: "static",
          reason: "index.html",
          summary: "Static files",
          runtimes: [],
          steps: [{ name: "copy", argv: ["cp", "-r", "."], cwd: ".", timeoutSeconds: 60 }],
          hooks: [],
          processes: [],
          cron: [],
          volumes: [],
          staticPaths: { "/": "." },
          env: [{ name: "SECRET", source: "user" }],
          domains: [`${params.app}.localhost`],
          refusals: [],
        };
      },
      listReleases: async ({ params, query }) => {
        const { release } = find(params.app);
        const numbers = Array.from({ length: release }, (_, index) => release - index);
        const { items, next } = pageOf(numbers, query, (number) => number);
        return { app: params.app, releases: items.map((number) => releaseOf(number, release)), next };
      },
      showRelease: async ({ params }) => ({
        app: params.app,
        ...releaseOf(params.release, find(params.app).release),
        restores: null,
        processes: [{ type: "web", command: "serve" }],
        cron: [{ name: "nightly", schedule: "@daily", timezone: "UTC", command: "tidy" }],
        volumes: [{ name: "media", type: "persist", target: "media", mode: "rw", bytes: null, source: null }],
        variables: Object.keys(find(params.app).env),
      }),
      diffReleases: async ({ params }) => {
        find(params.app);
        return {
          app: params.app,
          from: params.release,
          to: params.to,
          build: { from: params.release, to: params.to },
          processes: [{ type: "web", from: "serve", to: "serve --new" }],
          cron: [{ name: "nightly", from: null, to: "@daily UTC, forbid, 60 s: tidy" }],
          volumes: [{ name: "media", from: null, to: "kept at media" }],
          variables: [{ name: "SECRET", change: "changed" }],
        };
      },
      rollback: async ({ params, body }) => {
        const app = find(params.app);
        const restores = body.release ?? app.release - 1;
        if (restores < 1) throw new AppError("NOT_FOUND", `${params.app} has no release older than ${app.release}.`);
        app.release += 1;
        return { app: params.app, deploy: app.release, restores };
      },
      listEnv: async ({ params }) => ({
        app: params.app,
        variables: Object.keys(find(params.app).env).map((name) => ({ name, source: "user" as const, updatedAt: at })),
      }),
      readEnv: async ({ params }) => ({
        app: params.app,
        variables: Object.entries(find(params.app).env).map(([name, value]) => ({
          name,
          value,
          source: "user" as const,
          updatedAt: at,
        })),
      }),
      changeEnv: async ({ params, body }) => {
        const app = find(params.app);
        const set = Object.entries(body.set).filter(([name, value]) => app.env[name] !== value);
        const unset = body.unset.filter((name) => Object.hasOwn(app.env, name));
        for (const [name, value] of set) app.env[name] = value;
        for (const name of unset) delete app.env[name];
        const changed = [...set.map(([name]) => name), ...unset];
        if (changed.length === 0) return { app: params.app, changed, release: null, restarted: [] };
        if (app.release === 0) return { app: params.app, changed, release: null, restarted: [] };
        app.release += 1;
        return { app: params.app, changed, release: app.release, restarted: ["web"] };
      },
      listDomains: async ({ params }) => domains(params.app, find(params.app)),
      addDomain: async ({ params, body }) => {
        const app = find(params.app);
        if (app.domains.includes(body.domain)) throw new AppError("DOMAIN_TAKEN", "The domain is taken.");
        app.domains.push(body.domain);
        return domains(params.app, app);
      },
      removeDomain: async ({ params }) => {
        const app = find(params.app);
        app.domains = app.domains.filter((domain) => domain !== params.domain);
        return domains(params.app, app);
      },
      listProcesses: async ({ params }) => ({ app: params.app, processes: processes(find(params.app)) }),
      scaleProcesses: async ({ params, body }) => {
        const app = find(params.app);
        const unknown = Object.keys(body.scale).find((type) => type !== "web");
        if (unknown !== undefined) throw new AppError("INVALID_INPUT", `There is no process named "${unknown}".`);
        app.scale = body.scale["web"] ?? app.scale;
        return { app: params.app, processes: processes(app) };
      },
      listCron: async ({ params }) => {
        find(params.app);
        const last = { ...cronRunOf(7), outcome: "failed" as const, exit: 3 };
        return { app: params.app, jobs: [{ ...nightly, next: at, last }] };
      },
      listCronRuns: async ({ params }) => {
        find(params.app);
        const skipped = {
          ...cronRunOf(8),
          outcome: "skipped" as const,
          exit: null,
          times: 3,
          reason: "run 7 has not ended",
        };
        return { ...params, runs: [skipped, cronRunOf(7)] };
      },
      showCronRun: async ({ params }) => {
        find(params.app);
        return { app: params.app, run: cronRunOf(params.run), lines: [{ ...line("tidied"), source: "cron.nightly" }] };
      },
      runCron: async function* run({ params }) {
        find(params.app);
        if (params.job !== "nightly") throw new AppError("NOT_FOUND", `${params.app} has no cron job ${params.job}.`);
        yield { event: "started", data: { run: 9 } };
        yield { event: "line", data: { ...line("tidied"), source: "cron.nightly" } };
        yield { event: "done", data: { ...cronRunOf(9), outcome: "failed", exit: 3, trigger: "manual" } };
      },
      showPush: async ({ params }) => {
        find(params.app);
        return { app: params.app, branch: branches.get(params.app) ?? null };
      },
      setPushBranch: async ({ params, body }) => {
        find(params.app);
        branches.set(params.app, body.branch);
        return { app: params.app, branch: body.branch };
      },
      showGitAccess: async () => ({ user: "hop3", arranged: true, keysFile: "/var/lib/hop3/ssh/authorized_keys" }),
      listKeys: async () => ({ keys: [...keys] }),
      addKey: async ({ body }) => {
        const { type, blob, fingerprint, comment } = parseSshKey(body.key);
        const added = {
          fingerprint,
          name: body.name ?? comment,
          key: `${type} ${blob}`,
          createdAt: at,
          lastUsedAt: null,
        };
        keys.push(added);
        return added;
      },
      removeKey: async ({ params }) => {
        const found = keys.findIndex(({ fingerprint }) => fingerprint === params.fingerprint);
        if (found === -1) throw new AppError("NOT_FOUND", "You have no such key.");
        keys.splice(found, 1);
        return { removed: params.fingerprint };
      },
      readLogs: async ({ params, query }) => {
        find(params.app);
        const lines = Array.from({ length: query.lines ?? 100 }, (_, index) => line(`line ${index + 1}`));
        return { app: params.app, lines };
      },
      followLogs: async function* follow({ params, signal }) {
        find(params.app);
        platform.openStreams += 1;
        try {
          yield { event: "line", data: line("line 1") };
          yield { event: "position", data: { positions: ["web.1/0mf3k2a9x-k3j9x2lq/1/40"] } };
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          });
        } finally {
          platform.openStreams -= 1;
          if (signal.aborted) platform.abortedStreams += 1;
        }
      },
      readBuildLogs: async ({ params }) => {
        find(params.app);
        return { app: params.app, lines: [{ ...line("built"), source: "copy" }] };
      },
      followBuildLogs: async function* follow({ params }) {
        find(params.app);
        yield { event: "line", data: { ...line("built"), source: "copy" } };
      },
      systemInfo: async () => ({
        version: "1.2.3",
        mode: "user",
        node: "26",
        platform: "linux x64",
        hostname: "host",
        startedAt: at,
        root: "/srv/hop3",
        api: "http://127.0.0.1:8009",
        edge: { kind: "caddy", httpPort: 8080, httpsPort: null },
        services: [{ name: "hop3d", state: "running", pid: 1, since: at, restarts: 0 }],
        apps: apps.size,
        disk: {
          state: "ok",
          bytes: { total: 1e10, free: 5e9, reserve: 5e8 },
          files: { total: 1e6, free: 9e5, reserve: 1e4 },
          own: [{ name: "database", bytes: 4096, files: 1 }],
          measuredAt: at,
        },
        notes: [],
      }),
      systemStatus: async () => ({
        mode: "user",
        state: platform.checks.some(({ state }) => state !== "ok") ? "warning" : "ok",
        checks: platform.checks,
      }),
      systemLogs: async ({ query }) => ({
        service: query.service,
        lines: [{ ...line("ready"), source: query.service }],
      }),
      listAppEvents: async ({ params }) => ({ app: params.app, events: eventsOf(params.app) }),
      followAppEvents: async function* follow({ params, headers }) {
        for (const data of eventsOf(params.app)) {
          if (data.seq > (headers["last-event-id"] ?? 0)) yield { event: "event", data, id: String(data.seq) };
        }
      },
      listEvents: async () => ({ events: eventsOf("blog") }),
      followEvents: async function* follow() {
        for (const data of eventsOf("blog")) yield { event: "event", data, id: String(data.seq) };
      },
      verifyAudit: async () => ({ ok: true, head: { seq: 0, hash: "0".repeat(64) }, seq: 0, why: null }),
      exportAudit: async () => ({ head: { seq: 0, hash: "0".repeat(64) }, events: [] }),
      listInstances: async () => ({
        at: 1,
        host: { processors: 2, load: [0.5, 0.25, 0], memoryBytes: 4e9, availableBytes: 3e9, uptimeSeconds: 90_000 },
        startsWaiting: 0,
        services: [{ name: "hop3d", state: "ready", restarts: 0, usage: null }],
        instances: [...apps].flatMap(([name, app]) =>
          processes(app).flatMap(({ instances }) => instances.map((one) => ({ app: name, ...one }))),
        ),
      }),
      metricsPage: async () => 'hop3_info{version="1.2.3"} 1\n',
      version: async () => ({ name: "hop3", version: "1.2.3", api: "v1" }),
      whoami: async ({ principal }) => whoIs(principal),
      ...noIdentity,
      ...noSso,
    },
  };
  return platform;
}

/** Two users: the token `admin-token` may do all, `viewer-token` may only look at apps. */
export function memoryServerOptions(platform: MemoryPlatform): ServerOptions & {
  readonly logged: string[];
  readonly audited: AuditEntry[];
  /** Ids of tokens that are good no more: `token-of-ada` and `token-of-vi`. */
  readonly revoked: Set<string>;
} {
  const logged: string[] = [];
  const audited: AuditEntry[] = [];
  const revoked = new Set<string>();
  const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    logged.push(
      `${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value))}`,
    );
  };
  return {
    useCases: platform.useCases,
    reloadPrincipal: async ({ credential }) =>
      [admin, viewer].find((one) => one.credential.id === credential.id && !revoked.has(credential.id)),
    revoked,
    // Tests ask more often than a person does.
    rate: 10_000,
    answers: memoryAnswers(),
    authenticate: async (authorization) => {
      if (authorization === "Bearer admin-token") return admin;
      if (authorization === "Bearer viewer-token") return viewer;
      throw new AppError("UNAUTHENTICATED", "You are not logged in.");
    },
    authorize,
    orgOfApp: async (app) => (platform.apps.has(app) ? "default" : undefined),
    log: { info: write, error: write },
    audit: async (entry) => void audited.push(entry),
    audited,
    tarMax: 4 * 1024 * 1024,
    logged,
  };
}
