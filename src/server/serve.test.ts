import assert from "node:assert/strict";
import { type IncomingMessage, request } from "node:http";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import { serve } from "./serve.ts";
import type { UseCases } from "./use-cases.ts";
import { memoryPlatform, memoryServerOptions } from "./testing.ts";

async function setUp(context: TestContext, change: Partial<UseCases> = {}) {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const useCases = { ...platform.useCases, ...change };
  const serving = await serve({ ...options, useCases, host: "127.0.0.1", port: 0, heartbeatMs: 20 });
  context.after(() => serving.close(0));
  const open = (method: string, path: string, headers: Record<string, string> = {}) =>
    request({
      host: "127.0.0.1",
      port: serving.port,
      method,
      path: `${apiPrefix}${path}`,
      headers: { authorization: "Bearer admin-token", ...headers },
    });
  return { platform, serving, open };
}

function answer(sent: ReturnType<typeof request>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on("response", resolve).on("error", reject);
  });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 5000; !condition();) {
    assert.ok(Date.now() < deadline, `waited too long until ${what}`);
    await delay(5);
  }
}

async function text(response: IncomingMessage): Promise<string> {
  let all = "";
  for await (const chunk of response) all += String(chunk);
  return all;
}

test("a quiet stream has heartbeats, and the use case ends when its client goes away", async (context) => {
  const { open, platform } = await setUp(context);
  const sent = open("GET", "/apps/blog/logs/stream");
  sent.end();
  const response = await answer(sent);
  let seen = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    seen += chunk;
  });
  response.on("error", () => undefined);
  await until(() => seen.includes("line 1") && seen.includes("\n:\n\n"), "a line and a heartbeat came");
  assert.equal(platform.openStreams, 1);
  response.destroy();
  await until(() => platform.openStreams === 0, "the stream ended");
  assert.equal(platform.abortedStreams, 1);
});

test("closing the server ends its streams and lets a running request finish", async (context) => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = false;
  const { open, serving, platform } = await setUp(context, {
    version: async () => {
      entered = true;
      await gate;
      return { name: "hop3", version: "late", api: "v1" };
    },
  });
  const stream = open("GET", "/apps/blog/logs/stream");
  stream.end();
  const streaming = await answer(stream);
  const slow = open("GET", "/version", { connection: "close" });
  slow.end();
  const slowAnswer = answer(slow);
  await until(() => entered && platform.openStreams === 1, "both requests are being served");
  const closed = serving.close(5000);
  assert.match(await text(streaming), /line 1/);
  release();
  assert.match(await text(await slowAnswer), /late/);
  await closed;
});

test("an archive streams in without being held, chunk by chunk", async (context) => {
  const sizes: number[] = [];
  const { open } = await setUp(context, {
    createDeploy: async ({ body, params }) => {
      for await (const chunk of body) sizes.push(chunk.byteLength);
      return { app: params.app, deploy: 1, created: false };
    },
  });
  const sent = open("POST", "/apps/blog/deploys", { "content-type": tarType });
  sent.write(Buffer.alloc(1000));
  await until(() => sizes.length > 0, "the first chunk reached the use case before the upload ended");
  sent.end(Buffer.alloc(3 * 1024 * 1024));
  const response = await answer(sent);
  assert.equal(response.statusCode, 202);
  response.resume();
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    3 * 1024 * 1024 + 1000,
  );
});

test("an upload that breaks off reaches the use case as an error", async (context) => {
  let thrown: unknown;
  let started = false;
  const { open } = await setUp(context, {
    createDeploy: async ({ body, params, signal }) => {
      try {
        for await (const chunk of body) started ||= chunk.byteLength > 0;
      } catch (error) {
        thrown = error;
        assert.ok(signal.aborted);
        throw error;
      }
      return { app: params.app, deploy: 1, created: false };
    },
  });
  const sent = open("POST", "/apps/blog/deploys", { "content-type": tarType, "content-length": "100000" });
  sent.on("error", () => undefined);
  sent.write(Buffer.alloc(1000));
  await until(() => started, "the upload began");
  sent.destroy();
  await until(() => thrown !== undefined, "the use case saw the broken upload");
});

test("an archive beyond the limit is answered while the client still sends", async (context) => {
  const { open } = await setUp(context);
  const sent = open("POST", "/apps/blog/deploys", { "content-type": tarType });
  const answered = answer(sent);
  const piece = Buffer.alloc(64 * 1024);
  for (let sentBytes = 0; sentBytes < 5 * 1024 * 1024; sentBytes += piece.length) sent.write(piece);
  const response = await answered;
  assert.equal(response.statusCode, 413);
  response.resume();
  sent.on("error", () => undefined).destroy();
});

test("a slow reader holds the stream back", async (context) => {
  let made = 0;
  const { open } = await setUp(context, {
    followLogs: async function* flood({ signal }) {
      const textLine = "x".repeat(1000);
      while (!signal.aborted) {
        made += 1;
        yield {
          event: "line",
          data: { at: "2026-01-01T00:00:00Z", source: "web.1", stream: "stdout", text: textLine },
        };
      }
    },
  });
  const sent = open("GET", "/apps/blog/logs/stream");
  sent.end();
  const response = await answer(sent);
  response.pause();
  let before = -1;
  await until(() => {
    const still = made > 0 && made === before;
    before = made;
    return still;
  }, "the stream stood still");
  assert.ok(made < 100_000, `${made} events were made for a client that reads none`);
  response.on("error", () => undefined).destroy();
});

test("the edge has a socket of its own, for its group alone, at which it says where requests come from", async (context) => {
  const platform = memoryPlatform();
  const options = memoryServerOptions(platform);
  const dir = await mkdtemp(join(tmpdir(), "hop3-edge-"));
  context.after(() => rm(dir, { recursive: true }));
  const edgeSocket = join(dir, "api.sock");
  // What a predecessor left that was killed.
  await writeFile(edgeSocket, "");
  const asked: (string | null)[] = [];
  const useCases: UseCases = {
    ...platform.useCases,
    version: async ({ actor }) => {
      asked.push(actor.address);
      return { name: "hop3", version: "1", api: "v1" };
    },
  };
  const served = { ...options, useCases, edgeSocket, adminDomain: "hop3.example.org", host: "127.0.0.1", port: 0 };
  const serving = await serve(served);
  context.after(() => serving.close(0));
  assert.equal((await stat(edgeSocket)).mode & 0o777, 0o660);
  const ask = async (at: { socketPath: string } | { host: string; port: number }, host: string) => {
    const headers = { host, "x-forwarded-for": "9.9.9.9, 203.0.113.7" };
    const response = await answer(request({ ...at, path: `${apiPrefix}/version`, headers }).end());
    response.resume();
    return response.statusCode;
  };
  const tcp = { host: "127.0.0.1", port: serving.port };
  assert.equal(await ask({ socketPath: edgeSocket }, "hop3.example.org"), 200);
  assert.equal(await ask(tcp, "localhost"), 200);
  assert.deepEqual(asked, ["203.0.113.7", "127.0.0.1"]);
  assert.equal(await ask({ socketPath: edgeSocket }, "localhost"), 403);
  assert.equal(await ask(tcp, "hop3.example.org"), 403);
  await serving.close(0);
  await assert.rejects(ask({ socketPath: edgeSocket }, "hop3.example.org"));
});

test("a port in use is refused with its own code", async (context) => {
  const { serving } = await setUp(context);
  const again = serve({ ...memoryServerOptions(memoryPlatform()), host: "127.0.0.1", port: serving.port });
  await assert.rejects(again, { code: "CONFLICT" });
});

/** What comes back for bytes that no decent client sends, and whether the server then closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      got += text;
      // An answer that leaves the connection open is told by its body's end.
      if (/^HTTP\/1\.1 (?!4(?:00|31))/.test(got) && got.includes("\r\n\r\n")) socket.destroy();
    });
    // The rest of what was sent may meet a closed connection; the answer is what counts.
    socket.on("error", (error) => got === "" && reject(error));
    socket.on("close", () => resolve(got.split("\r\n")[0] ?? ""));
  });
}

test("requests that two servers would read differently are refused", async (context) => {
  const { serving } = await setUp(context);
  const head = `GET ${apiPrefix}/version HTTP/1.1\r\n`;
  const post = `POST ${apiPrefix}/apps/blog/stop HTTP/1.1\r\nHost: localhost\r\n`;
  const cases: Record<string, string> = {
    "length and chunks": `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "two lengths": `${post}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
    "an unknown coding": `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    "a bare line feed": head.replace("\r", "") + "Host: localhost\n\n",
    "no host": `${head}\r\n`,
    "a folded header": `${head}Host: localhost\r\nX: a\r\n b\r\n\r\n`,
    "a space before the colon": `${head}Host: localhost\r\nX : a\r\n\r\n`,
  };
  for (const [what, bytes] of Object.entries(cases))
    assert.match(await raw(serving.port, bytes), /^HTTP\/1\.1 400/, what);
  for (const dots of [
    "apps/blog/../..",
    "apps/blog/deploys/../events",
    "apps/%2E%2e/version",
    "./version",
    "a\\..\\version",
  ]) {
    const asked = await raw(serving.port, `GET ${apiPrefix}/${dots} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.match(asked, /^HTTP\/1\.1 400/, dots);
  }
  assert.match(await raw(serving.port, `${head}Host: localhost\r\nHost: evil.example\r\n\r\n`), /403/);
  assert.match(
    await raw(serving.port, `GET http://localhost${apiPrefix}/version HTTP/1.1\r\nHost: evil.example\r\n\r\n`),
    /403/,
  );
  assert.match(await raw(serving.port, `${head}Host: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`), /431/);
});

test("what is no request is answered with a problem document, too", async (context) => {
  const { serving } = await setUp(context);
  const whole = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      let got = "";
      const socket = connect(serving.port, "127.0.0.1", () => socket.write(bytes));
      const settle = () => {
        socket.destroy();
        resolve(got);
      };
      socket.setEncoding("utf8").on("error", settle).on("close", settle);
      socket.on("data", (text: string) => {
        got += text;
        if (/\}(\r\n0\r\n\r\n)?$/.test(got)) settle();
      });
    });
  const version = `GET ${apiPrefix}/version HTTP/1.1\r\n`;
  const cases: Record<string, [string, number, string]> = {
    "no host": [`${version}\r\n`, 400, "INVALID_INPUT"],
    "no HTTP": ["EHLO example.org\r\n\r\n", 400, "INVALID_INPUT"],
    TLS: ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "INVALID_INPUT"],
    "an address that is none": ["GET foo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "INVALID_INPUT"],
    "an address of another scheme": ["GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "INVALID_INPUT"],
    "too much of headers": [`${version}Host: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
    "an expectation": [`${version}Host: localhost\r\nExpect: a-miracle\r\n\r\n`, 400, "INVALID_INPUT"],
    TRACE: [`TRACE ${apiPrefix}/version HTTP/1.1\r\nHost: localhost\r\n\r\n`, 405, "METHOD_NOT_ALLOWED"],
    "another protocol": [
      `GET ${apiPrefix}/apps/blog/sessions/${"x".repeat(22)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin-token\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      400,
      "INVALID_INPUT",
    ],
  };
  for (const [what, [bytes, status, code]] of Object.entries(cases)) {
    const got = await whole(bytes);
    assert.match(got, new RegExp(`^HTTP/1\\.1 ${status} `), `${what}: ${got}`);
    assert.match(got, /\r\ncontent-type: application\/problem\+json\r\n/i, `${what}: ${got}`);
    assert.ok(got.includes(`"code":"${code}"`), `${what}: ${got}`);
  }
});

test("a wish for a protocol that the server does not know is passed over", async (context) => {
  const { serving } = await setUp(context);
  const ask = `GET ${apiPrefix}/version HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
  assert.match(await raw(serving.port, ask), /^HTTP\/1\.1 200/);
});

test("a request without a token is answered and cut while its body still comes", async (context) => {
  const { serving } = await setUp(context);
  const bytes = `POST ${apiPrefix}/apps/blog/deploys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\nabc`;
  assert.match(await raw(serving.port, bytes), /401/);
});

test("connections beyond the limit are closed at once", async (context) => {
  const { serving } = await setUp(context);
  const sockets = Array.from({ length: 600 }, () => connect(serving.port, "127.0.0.1").on("error", () => undefined));
  context.after(() => sockets.forEach((socket) => socket.destroy()));
  await until(() => sockets.filter((socket) => socket.closed).length >= 600 - 512, "the surplus is closed");
  assert.ok(sockets.some((socket) => !socket.closed));
});
