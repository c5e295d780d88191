import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { fetchThroughEdge, type EdgeTarget } from "./http-through-edge.ts";

const host = "shop.localhost";

test("a request reaches loopback under the name of the app", async (t) => {
  const target = await listen(t, (request, response) => {
    response.writeHead(203, { "x-method": request.method ?? "" });
    request.pipe(response.on("pipe", () => response.write(`${request.headers.host}${request.url} `)));
  });
  const answer = await fetchThroughEdge(target, "/sign?x=1", { method: "POST", body: "name=Ada" });
  assert.equal(answer.status, 203);
  assert.equal(answer.headers["x-method"], "POST");
  assert.equal(answer.body, `${host}:${target.port}/sign?x=1 name=Ada`);
});

test("a redirect is an answer like any other", async (t) => {
  const target = await listen(t, (_request, response) => response.writeHead(303, { location: "/" }).end());
  const { status, headers } = await fetchThroughEdge(target, "/");
  assert.equal(status, 303);
  assert.equal(headers.location, "/");
});

test("an answer that does not come is an error at the deadline", async (t) => {
  const target = await listen(t, () => undefined);
  await assert.rejects(
    fetchThroughEdge(target, "/slow", { timeoutMs: 50 }),
    /shop\.localhost\/slow was not answered within 50 ms/,
  );
});

test("a body that never ends is an error at the deadline", async (t) => {
  const target = await listen(t, (_request, response) => response.write("the beginning"));
  await assert.rejects(fetchThroughEdge(target, "/", { timeoutMs: 50 }), /was not answered within 50 ms/);
});

test("nobody listening is an error", async (t) => {
  const target = await listen(t, () => undefined);
  await close(target.server);
  await assert.rejects(fetchThroughEdge(target, "/"), { code: "ECONNREFUSED" });
});

async function listen(t: TestContext, handler: RequestListener): Promise<EdgeTarget & { server: Server }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => close(server));
  return { port, host, server };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
