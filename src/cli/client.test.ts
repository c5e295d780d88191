import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { createClient } from "./client.ts";

/** A server that cuts the first `cut` requests when it has read them, and then answers. */
async function setUp(context: TestContext, cut: number) {
  const asked: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on("end", () => {
      asked.push(incoming);
      if (asked.length <= cut) incoming.socket.resetAndDestroy();
      else outgoing.end('{"app":"blog"}');
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const client = createClient({ name: "here", url, token: "hop3_x" }, new AbortController().signal, "0");
  return { asked, client, keys: () => asked.map(({ headers }) => headers["idempotency-key"]) };
}

test("a change that got no answer is sent again with the same key, and the next has another", async (context) => {
  const { client, keys } = await setUp(context, 1);
  await client.call("stopApp", { params: { app: "blog" } });
  await client.call("stopApp", { params: { app: "blog" } });
  const [first, again, next] = keys();
  assert.match(String(first), /^[0-9a-f-]{36}$/);
  assert.equal(again, first);
  assert.notEqual(next, first);
});

test("it is given up after three, and what has no key is sent once", async (context) => {
  const { client, asked } = await setUp(context, 10);
  await assert.rejects(client.call("stopApp", { params: { app: "blog" } }), { code: "UNREACHABLE" });
  assert.equal(asked.length, 3);
  await assert.rejects(client.call("showApp", { params: { app: "blog" } }), { code: "UNREACHABLE" });
  assert.equal(asked.length, 4);
});

test("where no server is, that is said at once", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await once(server, "close");
  const client = createClient({ name: "here", url, token: "hop3_x" }, new AbortController().signal, "0");
  const began = performance.now();
  await assert.rejects(client.call("stopApp", { params: { app: "blog" } }), { code: "UNREACHABLE" });
  assert.ok(performance.now() - began < 400);
});
