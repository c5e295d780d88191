/** What is asked of an app before it goes live, over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { AppError } from "#core/errors.ts";
import { httpProbe } from "./http-probe.ts";
import { socketProbe } from "./socket-probe.ts";

const never = new AbortController().signal;
const is = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

async function listening(t: TestContext, server: Server, path?: string): Promise<string> {
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  t.after(() => server.close());
  return path === undefined ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix/${path}`;
}

describe("the HTTP probe", () => {
  const target = { host: "a.localhost", method: "GET", path: "/", timeoutMs: 5000 } as const;

  it("tells status, refusal and silence apart", async (t) => {
    const server = createHttpServer((request, response) => {
      if (request.url !== "/silent") response.writeHead(418).end();
    });
    t.after(() => server.closeAllConnections());
    const address = await listening(t, server);
    const ask = (path: string, at = address) => httpProbe({ ...target, address: at, path, timeoutMs: 300 }, never);
    assert.equal((await ask("/teapot")).status, 418);
    await assert.rejects(ask("/silent"), is("TIMEOUT"));
    await assert.rejects(ask("/", "unix//nonexistent/x.sock"), is("UNREACHABLE"));
  });

  it("asks by the method and the name that it is given, and reads a body only when it is wanted", async (t) => {
    const server = createHttpServer(({ method, headers }, response) => {
      response.writeHead(503).end(`${method} ${headers.host}`);
    });
    const address = await listening(t, server);
    const body = async (method: "GET" | "HEAD", wanted: boolean) =>
      (await httpProbe({ ...target, address, method }, never, () => wanted)).body;
    assert.deepEqual(
      [await body("GET", true), await body("HEAD", true), await body("GET", false)],
      ["GET a.localhost", "", ""],
    );
  });

  it("takes of a body that never ends, or comes too slowly, what there is", async (t) => {
    const server = createHttpServer((request, response) => {
      response.writeHead(500).write("first words");
      if (request.url !== "/endless") return;
      const writer = setInterval(() => response.write("x".repeat(64 * 1024)), 1);
      response.on("close", () => clearInterval(writer));
    });
    t.after(() => server.closeAllConnections());
    const address = await listening(t, server);
    const body = async (path: string) => (await httpProbe({ ...target, address, path }, never, () => true)).body;
    assert.equal(await body("/slow"), "first words");
    const endless = await body("/endless");
    assert.ok(endless.startsWith("first words") && endless.length <= 4096, String(endless.length));
  });
});

describe("the socket probe", () => {
  it("is content with a connection, on a port or a unix socket, and tells that there was none", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "hop3-probe-"));
    t.after(() => rmSync(directory, { recursive: true }));
    let taken = 0;
    for (const path of [undefined, join(directory, "s.sock")]) {
      const server = createServer((socket) => {
        taken += 1;
        socket.on("error", () => undefined).end("no http");
      });
      await socketProbe(await listening(t, server, path), 5000, never);
    }
    assert.equal(taken, 2);
    await assert.rejects(socketProbe(`unix/${directory}/none.sock`, 300, never), is("UNREACHABLE"));
    const stopped = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(socketProbe(`unix/${directory}/s.sock`, 300, stopped), (error) => !is("UNREACHABLE")(error));
  });
});
