/** Each counter of the bench sees what it is there for: clients against servers that do what must not happen. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { after, test } from "node:test";
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { compareIds } from "./ids.ts";
import { measureLatency } from "./latency.ts";
import { repeat, type Once, type Tally } from "./loop.ts";
import { getting, posting, readingSlowly, uploading } from "./requests.ts";
import { holding, listening } from "./streams.ts";
import { watchTurns } from "./turns.ts";

const servers: ReturnType<typeof createServer>[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serving(handle: RequestListener, upgrade?: (request: IncomingMessage, socket: Duplex) => void) {
  const server = createServer(handle);
  if (upgrade !== undefined) server.on("upgrade", upgrade);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "app.localhost", port: (server.address() as AddressInfo).port } satisfies EdgeTarget;
}

const turns = watchTurns();
const ignore = () => undefined;

/** What became of doing it once. */
async function tallyOf(one: Once): Promise<Tally> {
  const stopping = new AbortController();
  const { tally, ended } = repeat(async (signal, due) => {
    try {
      return await one(signal, due);
    } finally {
      stopping.abort();
    }
  }, stopping.signal);
  await ended;
  return tally;
}

function counts({ good, failed, broken }: Tally): object {
  return { good, failed: failed.length, broken: broken.length };
}

const isGood = { good: 1, failed: 0, broken: 0 };
const hasFailed = { good: 0, failed: 1, broken: 0 };
const isBroken = { good: 0, failed: 0, broken: 1 };

const answers: readonly [string, RequestListener, object][] = [
  ["the right answer is good", (_, response) => response.end("here\n"), isGood],
  ["a 502 has failed", (_, response) => response.writeHead(502).end("here\n"), hasFailed],
  ["no answer has failed", ({ socket }) => socket.destroy(), hasFailed],
  ["another body is broken", (_, response) => response.end("there\n"), isBroken],
  [
    "a body that ends before its length is broken",
    (_, response) => response.writeHead(200, { "content-length": 5 }).write("her", () => response.destroy()),
    isBroken,
  ],
  [
    "a body in chunks that breaks off is broken",
    (_, response) => void response.write("here\n", () => response.destroy()),
    isBroken,
  ],
];
for (const [what, handle, wanted] of answers) {
  test(`of a short request, ${what}`, async () => {
    assert.deepEqual(counts(await tallyOf(getting(await serving(handle), turns, ignore))), wanted);
  });
}

test("an answer of another id is broken, and ids are compared with what was done", async () => {
  const target = await serving((request, response) => void request.resume().on("end", () => response.end("c0-7")));
  const given: string[] = [];
  assert.deepEqual(counts(await tallyOf(posting(target, "c0", (id) => given.push(id)))), isBroken);
  assert.deepEqual(given, ["c0-1"]);
  assert.deepEqual(compareIds(["a", "b", "c"], "a\nc\na\nc\nc\n"), { twice: 2, never: 1 });
  assert.deepEqual(compareIds(["a"], "a\n"), { twice: 0, never: 0 });
});

test("a slow answer is good when every line came, and is known to span a switch by who answers meanwhile", async () => {
  const whole = Array.from({ length: 100 }, (_, line) => `${String(line).padStart(999, ".")}\n`);
  const say = (lines: readonly string[]) => (_: IncomingMessage, response: ServerResponse) =>
    response.setHeader("x-instance", "old").end(lines.join(""));
  const busy = watchTurns();
  busy.heard("old");
  const once = readingSlowly(await serving(say(whole)), busy, true);
  assert.equal((await tallyOf(once)).remarks.size, 0);
  for (let answer = 0; answer < 100; answer += 1) busy.heard("new");
  assert.deepEqual([...(await tallyOf(once)).remarks.values()], [1]);
  assert.deepEqual(
    counts(await tallyOf(readingSlowly(await serving(say(whole.with(50, whole[49] ?? ""))), busy, true))),
    isBroken,
  );
});

test("an upload is good when all of it came as it was sent", async () => {
  const take = (spoil: (text: string) => string) =>
    serving((request, response) => {
      const hash = createHash("sha256");
      let bytes = 0;
      request.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      request.on("end", () => response.end(spoil(`${bytes} ${hash.digest("hex")}`)));
    });
  assert.deepEqual(counts(await tallyOf(uploading(await take((text) => text), turns, 0))), isGood);
  const spoiled = await take((text) => text.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
  assert.deepEqual(counts(await tallyOf(uploading(spoiled, turns, 0))), isBroken);
});

/** Says numbers as server-sent events, then does `end`. */
const numbers = (said: readonly number[], end: (response: ServerResponse) => void): RequestListener =>
  function say(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(said.map((number) => `data: ${number}\n\n`).join(""), () => end(response));
  };

const streams: readonly [string, RequestListener, (target: EdgeTarget) => Once, object][] = [
  ["held for its time is good", numbers([0, 1], ignore), (target) => listening(target, "events", 0), isGood],
  [
    "ended before its time has failed",
    numbers([0, 1], (response) => response.end()),
    (target) => listening(target, "events", 5),
    hasFailed,
  ],
  ["with a message lost has failed", numbers([0, 2], ignore), (target) => listening(target, "events", 5), hasFailed],
  [
    "ended in form after the grace is good",
    numbers([0], (response) => response.end()),
    (target) => holding(target, "events", 0, (opened) => opened),
    isGood,
  ],
  [
    "ended while nothing leaves has failed",
    numbers([0], (response) => response.end()),
    (target) => holding(target, "events", 0, ignore),
    hasFailed,
  ],
  [
    "ended before the grace is over has failed",
    numbers([0], (response) => response.end()),
    (target) => holding(target, "events", 30, (opened) => opened),
    hasFailed,
  ],
  [
    "that breaks off after the grace has failed",
    numbers([0], (response) => response.destroy()),
    (target) => holding(target, "events", 0, (opened) => opened),
    hasFailed,
  ],
];
for (const [what, handle, once, wanted] of streams) {
  test(`a stream ${what}`, async () => {
    assert.deepEqual(counts(await tallyOf(once(await serving(handle)))), wanted);
  });
}

for (const [what, goodbye, wanted] of [
  ["with 1001 is ended in form", [0x88, 2, 0x03, 0xe9], isGood],
  ["without a goodbye has failed", [], hasFailed],
] as const) {
  test(`a WebSocket that closes ${what}`, async () => {
    const target = await serving(ignore, ({ headers }, socket) => {
      const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      socket.end(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 1, 0x30, ...goodbye])]));
    });
    assert.deepEqual(counts(await tallyOf(holding(target, "socket", 0, (opened) => opened))), wanted);
  });
}

test("what was due in a stall is late, not just the one request that met it", async () => {
  const latencies = measureLatency();
  const stopping = new AbortController();
  let asked = 0;
  const stalling: Once = async (_, due) => {
    asked += 1;
    if (asked === 2) await new Promise((resolve) => setTimeout(resolve, 300));
    if (asked === 20) stopping.abort();
    latencies.took(due, performance.now() - due);
  };
  await repeat(stalling, stopping.signal, 20).ended;
  const { n, p50, max } = latencies.quiet();
  assert.equal(n, 20);
  assert.ok(max >= 299 && p50 > 50, `half of them took ${p50} ms, the longest ${max} ms`);
});
