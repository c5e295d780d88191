import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { duplexPair } from "node:stream";
import { test, type TestContext } from "node:test";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import { encodeFrame, FrameReader, type Frame } from "#core/session-frames.ts";
import { watchOpenRequests } from "./open-requests.ts";
import { serve } from "./serve.ts";
import { memoryPlatform, memoryServerOptions } from "./testing.ts";
import type { UseCases } from "./use-cases.ts";

/** A wait that fails the test instead of holding it up. */
const within = () => ({ signal: AbortSignal.timeout(10_000) });

async function setUp(context: TestContext, change: Partial<UseCases> = {}) {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const watched = watchOpenRequests({ ...options, everyMs: 20 });
  const serving = await serve({
    ...options,
    open: watched,
    useCases: { ...platform.useCases, ...change },
    host: "127.0.0.1",
    port: 0,
  });
  context.after(() => serving.close(0));
  const open = (method: string, path: string, headers: Record<string, string> = {}) =>
    request({
      host: "127.0.0.1",
      port: serving.port,
      method,
      path: `${apiPrefix}${path}`,
      headers: { authorization: "Bearer admin-token", ...headers },
    }).on("error", () => undefined);
  return { platform, options, serving, open };
}

async function answer(sent: ReturnType<typeof request>): Promise<IncomingMessage> {
  return ((await once(sent, "response", within())) as [IncomingMessage])[0];
}

async function text(response: AsyncIterable<unknown>): Promise<string> {
  let all = "";
  for await (const chunk of response) all += String(chunk);
  return all;
}

test("a stream of events ends when its token is revoked, and its last event says why", async (context) => {
  const { open, options, platform } = await setUp(context);
  const sent = open("GET", "/apps/blog/logs/stream");
  sent.end();
  const response = await answer(sent);
  options.revoked.add("token-of-ada");
  assert.match(
    await text(response),
    /event: line\n.*\n\n(?:.|\n)*event: error\ndata: \{"code":"UNAUTHENTICATED".*\n\n$/,
  );
  assert.equal(platform.openStreams, 0);
  assert.equal(platform.abortedStreams, 1);
});

test("a stream ends when a right is taken away, and other people's streams go on", async (context) => {
  let isAllowed = true;
  const { options, platform } = await setUp(context);
  const authorize: typeof options.authorize = (principal, action, resource) => {
    if (!isAllowed && principal?.name === "vi") throw new AppError("DENIED", "Your role does not allow this.");
    options.authorize(principal, action, resource);
  };
  const open = watchOpenRequests({ ...options, authorize, everyMs: 20 });
  const serving = await serve({ ...options, authorize, open, host: "127.0.0.1", port: 0, heartbeatMs: 20 });
  context.after(() => serving.close(0));
  const follow = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const path = `${apiPrefix}/apps/blog/logs/stream`;
    return await answer(request({ host: "127.0.0.1", port: serving.port, path, headers }).end());
  };
  const [mine, theirs] = [await follow("admin-token"), await follow("viewer-token")];
  isAllowed = false;
  assert.match(await text(theirs), /event: error\ndata: \{"code":"DENIED"/);
  mine.resume();
  await once(mine, "data", within());
  assert.equal(platform.openStreams, 1);
  mine.on("error", () => undefined).destroy();
});

test("a client that reads nothing is cut off", async (context) => {
  const line = { at: "2026-01-01T00:00:00Z", source: "web.1", stream: "stdout", text: "x".repeat(1000) } as const;
  let flooded = 0;
  const { serving, options } = await setUp(context, {
    followLogs: async function* flood() {
      for (;;) {
        flooded += 1;
        yield { event: "line", data: line };
      }
    },
  });
  const socket = connect(serving.port, "127.0.0.1").on("error", () => undefined);
  const headers = "Host: localhost\r\nAuthorization: Bearer admin-token\r\n\r\n";
  socket.pause();
  socket.write(`GET ${apiPrefix}/apps/blog/logs/stream HTTP/1.1\r\n${headers}`);
  for (let before = -1; flooded === 0 || flooded !== before; before = flooded)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const began = performance.now();
  options.revoked.add("token-of-ada");
  // It has gone when what is written to it is answered with a reset.
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const knock = setInterval(() => socket.write("\r\n"), 20);
  within().signal.addEventListener("abort", () => socket.destroy());
  await closed;
  clearInterval(knock);
  assert.ok(performance.now() - began < 5000);
});

test("an upload ends, and what it was for learns why", async (context) => {
  let thrown: unknown;
  const { open, options } = await setUp(context, {
    createDeploy: async ({ body, params }) => {
      try {
        for await (const chunk of body) assert.ok(chunk.byteLength > 0);
      } catch (error) {
        thrown = error;
        throw error;
      }
      return { app: params.app, deploy: 1, created: false };
    },
  });
  const sent = open("POST", "/apps/blog/deploys", { "content-type": tarType });
  sent.write(Buffer.alloc(1000));
  setTimeout(() => options.revoked.add("token-of-ada"), 50);
  const response = await answer(sent);
  assert.equal(response.statusCode, 401);
  assert.match(await text(response), /"code":"UNAUTHENTICATED"/);
  assert.ok(thrown instanceof AppError && thrown.code === "UNAUTHENTICATED");
  sent.destroy();
});

test("a long wait is answered with the refusal, and what it waited for goes on", async (context) => {
  const gate = Promise.withResolvers<void>();
  let done = false;
  const { open, options } = await setUp(context, {
    version: async () => ({ name: "hop3", version: "1", api: "v1" }),
    restartApp: async ({ params }) => {
      await gate.promise;
      done = true;
      return {
        app: params.app,
        state: "running",
        crashLoops: [],
        urls: [],
        release: 1,
        deployedAt: null,
      };
    },
  });
  const sent = open("POST", "/apps/blog/restart");
  sent.end();
  setTimeout(() => options.revoked.add("token-of-ada"), 50);
  assert.equal((await answer(sent)).statusCode, 401);
  assert.equal(done, false);
  gate.resolve();
  await gate.promise;
  assert.equal(done, true);
});

/** A session that is joined: the client's socket, and both ends of what it was joined to. */
async function joined(context: TestContext) {
  const [ours, theirs] = duplexPair();
  theirs.on("error", () => undefined);
  const { serving, options } = await setUp(context, { joinSession: async () => ours });
  const socket = connect(serving.port, "127.0.0.1").on("error", () => undefined);
  const head = [
    `GET ${apiPrefix}/apps/blog/sessions/${"x".repeat(22)} HTTP/1.1`,
    "Host: localhost",
    "Authorization: Bearer admin-token",
    "Connection: Upgrade",
    "Upgrade: hop3-session/1",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const [answered] = (await once(socket, "data", within())) as [Buffer];
  assert.match(answered.toString(), /^HTTP\/1\.1 101 /);
  const over = Promise.all([once(socket, "close", within()), once(ours, "close", within())]);
  return { socket, theirs, over, revoke: () => options.revoked.add("token-of-ada") };
}

test("a session ends at the border of a frame, with the reason as its last", async (context) => {
  const { socket, theirs, over, revoke } = await joined(context);
  const frames: Frame[] = [];
  const reader = new FrameReader();
  socket.on("data", (chunk: Buffer) => frames.push(...reader.take(chunk)));
  const frame = encodeFrame({ type: "stdout", data: Buffer.alloc(1000, "a") });
  theirs.write(frame.subarray(0, 400));
  await once(socket, "data", within());
  revoke();
  setTimeout(() => theirs.write(frame.subarray(400)), 100);
  await over;
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["stdout", "failed"],
  );
  const [, last] = frames;
  assert.ok(last?.type === "failed" && /revoked/.test(last.reason));
});

test("a session whose frame does not end is cut", async (context) => {
  const { socket, theirs, over, revoke } = await joined(context);
  theirs.write(encodeFrame({ type: "stdout", data: Buffer.alloc(10) }).subarray(0, 7));
  await once(socket, "data", within());
  revoke();
  socket.resume();
  await over;
});

test("while the store does not answer, what is open stays open; it is looked at once at a time", async () => {
  const logged: string[] = [];
  const { options } = await (async () => ({ options: memoryServerOptions(memoryPlatform()) }))();
  const principal = await options.authenticate("Bearer admin-token", "127.0.0.1");
  let asked = 0;
  let fails = true;
  const open = watchOpenRequests({
    authorize: () => undefined,
    log: { error: (message) => void logged.push(message) },
    reloadPrincipal: async () => {
      asked += 1;
      if (fails) throw new AppError("STORE_FAILED", "The database does not answer.");
      return undefined;
    },
  });
  const ended: string[] = [];
  const hold = () =>
    open.hold({
      principal,
      action: "app.logs",
      resource: async () => ({ kind: "app", app: "blog", org: "default" }),
      end: ({ code }) => void ended.push(code),
    });
  hold();
  const release = hold();
  await Promise.all([open.check(), open.check()]);
  assert.deepEqual([asked, ended, logged.length], [1, [], 1]);
  release();
  fails = false;
  await open.check();
  await open.check();
  assert.deepEqual(ended, ["UNAUTHENTICATED"]);
  open.close();
});
