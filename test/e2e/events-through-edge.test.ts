import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { eventParser, openEvents, type ServerEvent } from "./events-through-edge.ts";

test("events come in order, and the end of the stream is told", async (t) => {
  const target = await serve(t, (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": a comment\n\nevent: joined\ndata: Ada\n\n");
    response.end("data: one\ndata: two\n\n");
  });
  const events = await openEvents(target, "/events");
  assert.deepEqual(await events.next(), { event: "joined", data: "Ada" });
  assert.deepEqual(await events.next(), { event: "message", data: "one\ntwo" });
  await assert.rejects(events.next(), /has ended/);
});

test("a silent stream is an error at the deadline", async (t) => {
  const target = await serve(t, (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  });
  const events = await openEvents(target, "/events");
  t.after(() => events.close());
  await assert.rejects(events.next(50), /No event came within 50 ms/);
});

test("a page is no event stream", async (t) => {
  const target = await serve(t, (response) => response.writeHead(404, { "content-type": "text/html" }).end());
  await assert.rejects(openEvents(target, "/events"), /\/events answered 404 text\/html/);
});

test("a server that does not answer is an error at the deadline", async (t) => {
  const target = await serve(t, () => undefined);
  await assert.rejects(openEvents(target, "/events", 50), /was not answered within 50 ms/);
});

test("it does not matter where the stream is cut", () => {
  const stream = "event: a\r\ndata:x: y\r\n\r\n: hello\nid: 7\n\ndata\ndata: z\n\n";
  const whole = parsed([stream]);
  assert.deepEqual(whole, [
    { event: "a", data: "x: y" },
    { event: "message", data: "\nz" },
  ]);
  assert.deepEqual(parsed(stream.split("")), whole);
});

function parsed(portions: readonly string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const parse = eventParser((event) => events.push(event));
  for (const portion of portions) parse(portion);
  return events;
}

async function serve(t: TestContext, answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, host: "chat.localhost" };
}
