import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import { test, type TestContext } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { serve } from "./serve.ts";
import { memoryPlatform, memoryServerOptions } from "./testing.ts";

async function setUp(context: TestContext) {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const theirs: Duplex[] = [];
  const given: Duplex[] = [];
  const joinSession = async () => {
    const [ours, other] = duplexPair({ allowHalfOpen: true });
    other.on("error", () => undefined);
    theirs.push(other);
    given.push(ours);
    return ours;
  };
  const useCases = { ...platform.useCases, joinSession };
  const serving = await serve({ ...options, useCases, host: "127.0.0.1", port: 0 });
  context.after(() => serving.close(0));
  const ask = (more: Record<string, string> = {}, app = "blog") => {
    const headers = {
      host: "localhost",
      authorization: "Bearer admin-token",
      connection: "Upgrade",
      upgrade: "hop3-session/1",
      ...more,
    };
    const socket = connect(serving.port, "127.0.0.1").on("error", () => undefined);
    socket.write(
      `GET ${apiPrefix}/apps/${app}/sessions/${"x".repeat(22)} HTTP/1.1\r\n${Object.entries(headers)
        .filter(([, value]) => value !== "")
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    );
    return socket;
  };
  return { ask, theirs, given, serving, options };
}

/** A wait that fails the test instead of holding it up. */
const within = () => ({ signal: AbortSignal.timeout(10_000) });

const firstBytes = async (socket: Duplex): Promise<string> => String((await once(socket, "data", within()))[0]);
const wholeAnswer = async (socket: Duplex): Promise<string> => {
  let all = "";
  for await (const chunk of socket) all += String(chunk);
  return all;
};

test("an upgrade joins the client to what the use case gives, and what each says reaches the other", async (context) => {
  const { ask, theirs } = await setUp(context);
  const socket = ask();
  assert.match(
    await firstBytes(socket),
    /^HTTP\/1\.1 101 .*\r\nConnection: Upgrade\r\nUpgrade: hop3-session\/1\r\n\r\n$/,
  );
  const [other] = theirs;
  assert.ok(other !== undefined);
  socket.write("to it");
  assert.equal(await firstBytes(other), "to it");
  other.end("last words");
  assert.equal(await wholeAnswer(socket), "last words");
});

test("when the client has gone, what it was joined to is closed", async (context) => {
  const { ask, given } = await setUp(context);
  const socket = ask();
  await firstBytes(socket);
  const [ours] = given;
  assert.ok(ours !== undefined);
  const closed = once(ours, "close", within());
  socket.resetAndDestroy();
  await closed;
});

test("a client that does not read slows the other down", async (context) => {
  const { ask, theirs } = await setUp(context);
  const socket = ask();
  await firstBytes(socket);
  socket.pause();
  const [other] = theirs;
  assert.ok(other !== undefined);
  let bytes = 0;
  while (other.write(Buffer.alloc(64 * 1024)) && bytes < 1e9) {
    bytes += 64 * 1024;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(bytes < 64 * 1024 * 1024, `${bytes} bytes were taken`);
  socket.destroy();
});

test("it asks for the same as every request: host, token, right, input; refusals are problem documents", async (context) => {
  const { ask, theirs, options } = await setUp(context);
  for (const [more, app, code] of [
    [{ authorization: "" }, "blog", "UNAUTHENTICATED"],
    [{ authorization: "Bearer viewer-token" }, "blog", "DENIED"],
    [{ host: "evil.example" }, "blog", "DENIED"],
    [{}, "Bad_Name", "INVALID_APP_NAME"],
    [{ upgrade: "websocket", connection: "Upgrade, close" }, "blog", "INVALID_INPUT"],
    [{ upgrade: "", connection: "close" }, "blog", "INVALID_INPUT"],
  ] as const) {
    const answer = await wholeAnswer(ask(more, app));
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, code);
    assert.match(answer, new RegExp(`"code":"${code}"`));
  }
  assert.deepEqual(theirs, []);
  assert.ok(options.audited.some(({ action, outcome }) => action === "app.run" && outcome === "DENIED"));
});

test("a server that closes cuts them", async (context) => {
  const { ask, serving } = await setUp(context);
  const socket = ask();
  await firstBytes(socket);
  socket.resume();
  await Promise.all([once(socket, "close", within()), serving.close(5000)]);
});
