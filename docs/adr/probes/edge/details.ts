// Small questions about Caddy's file placeholder as a dial address, each answered by trying it.
// Run: node details.ts [--caddy PATH]       the default is CADDY of the environment, then `caddy`
// Prints one table; exits 2 on bad usage, 1 when a question cannot be asked.
import { mkdirSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { createServer as createHttp, type Server as HttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { connectionsTo } from "./address.ts";
import { type Caddy, replaceFile, startCaddy } from "./caddy.ts";
import { MOVED, OTHER } from "./load.ts";
import { fetchOnce, pause, startInstance, startLoad, stopChild } from "./processes.ts";
import { openStream } from "./streams.ts";
import { slotDials, slotPath, SLOTS } from "./switch-files.ts";

const POOLED = { enabled: true, idle_timeout: "1s" };
const rows: string[] = [];
const note = (question: string, answer: string): void => void rows.push(`| ${question} | ${answer} |`);

function readCaddy(): string {
  try {
    const { values } = parseArgs({ options: { caddy: { type: "string" } } });
    return values.caddy ?? process.env["CADDY"] ?? "caddy";
  } catch {
    console.error("usage: node details.ts [--caddy PATH]");
    process.exit(2);
  }
}

function listen(server: Server, at: string | number): Promise<void> {
  return new Promise((resolve) => {
    if (typeof at === "string") server.listen(at, resolve);
    else server.listen(at, "127.0.0.1", resolve);
  });
}

function portOf(server: Server): number {
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) throw new Error("no port");
  return bound.port;
}

/** Answers every request with `name`, keeps the time at which the last one came in. */
async function sayer(name: string, at: string | number): Promise<{ server: HttpServer; last(): number }> {
  let last = 0;
  const server = createHttp((request, response) => {
    last = performance.now();
    request.resume();
    response.end(name);
  });
  await listen(server, at);
  return { server, last: () => last };
}

/** Answers the first request of each connection and hangs up, unanswered, at the second. */
async function hangUp(at: string): Promise<{ server: Server; seen(): number }> {
  let seen = 0;
  const server = createServer((socket: Socket) => {
    let requests = 0;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      if (!/^(GET|POST|PUT) /.test(chunk.toString("latin1"))) return;
      seen += 1;
      requests += 1;
      if (requests === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else socket.destroy();
    });
  });
  await listen(server, at);
  return { server, seen: () => seen };
}

async function timed(caddy: Caddy, method = "GET", body = "", headers: Record<string, string> = {}): Promise<string> {
  const start = performance.now();
  const answer = await fetchOnce(caddy, MOVED, "/", { method, body, headers });
  const body40 = answer.body.slice(0, 40);
  return `${answer.status}${body40 === "" ? "" : ` ${body40}`} in ${(performance.now() - start).toFixed(0)} ms`;
}

function fill(dir: string, content: string): void {
  for (let slot = 0; slot < SLOTS; slot += 1) replaceFile(slotPath(dir, slot), content);
}

async function spelling(caddy: Caddy, dir: string, dial: string): Promise<void> {
  const endings: ReadonlyArray<readonly [string, string]> = [
    ["no newline", dial],
    ["one LF", `${dial}\n`],
    ["CR LF", `${dial}\r\n`],
    ["two LF", `${dial}\n\n`],
    ["space before", ` ${dial}`],
    ["space after", `${dial} \n`],
    ["empty file", ""],
    ["1.5 MB, address first", `${dial}\n${"x".repeat(1_500_000)}`],
    ["another placeholder inside", "{env.HOME}"],
  ];
  for (const [what, content] of endings) {
    fill(dir, content);
    note(`slot ends with / is: ${what}`, await timed(caddy));
  }
}

async function broken(caddy: Caddy, dir: string, dial: string): Promise<void> {
  fill(dir, `${dial}\n`);
  unlinkSync(slotPath(dir, 3));
  const statuses: number[] = [];
  for (let i = 0; i < 2 * SLOTS; i += 1) {
    statuses.push((await fetchOnce(caddy, MOVED, "/", { method: "POST", body: "x" })).status);
  }
  const bad = statuses.filter((status) => status !== 200);
  note("1 of 12 slot files missing, 24 POSTs", `${bad.length} failed, status ${[...new Set(bad)].join(", ")}`);
  fill(dir, `unix/${dir}/nobody.sock\n`);
  note("dead unix path: GET", await timed(caddy));
  note("dead unix path: POST", await timed(caddy, "POST", "x"));
  fill(dir, "127.0.0.1:1\n");
  note("dead TCP port: GET", await timed(caddy));
  note("dead TCP port: POST", await timed(caddy, "POST", "x"));
}

async function caching(caddy: Caddy, dir: string, a: string, b: string): Promise<void> {
  let stale = 0;
  for (let i = 0; i < 500; i += 1) {
    fill(dir, i % 2 === 0 ? a : b);
    if ((await fetchOnce(caddy, MOVED, "/")).body !== (i % 2 === 0 ? "a" : "b")) stale += 1;
  }
  note("500 times: replace all slots, then one request", `${stale} went to the former instance`);
}

async function repeats(caddy: Caddy, dir: string): Promise<void> {
  const path = `${dir}/hang.sock`;
  const app = await hangUp(path);
  fill(dir, `unix/${path}\n`);
  const cases: ReadonlyArray<readonly [string, string, string, Record<string, string>]> = [
    ["GET", "GET", "", {}],
    ["POST with body", "POST", "x", {}],
    ["POST without body", "POST", "", { "content-length": "0" }],
    ["POST without body, Idempotency-Key", "POST", "", { "content-length": "0", "idempotency-key": "1" }],
    ["POST with body, Idempotency-Key", "POST", "x", { "idempotency-key": "1" }],
    ["PUT with body", "PUT", "x", {}],
  ];
  for (const [what, method, body, headers] of cases) {
    await pause(1500); // no connection left in the pool
    await fetchOnce(caddy, MOVED, "/");
    const before = app.seen();
    const answer = await timed(caddy, method, body, headers);
    note(`app hangs up on a reused connection: ${what}`, `${answer}; the app saw it ${app.seen() - before} x`);
  }
  app.server.close();
}

async function window(caddy: Caddy, dir: string, makers: readonly [string | number, string | number]): Promise<void> {
  const apps = [await sayer("moved-0", makers[0]), await sayer("moved-1", makers[1])];
  const dials = apps.map((app, i) => {
    const at = makers[i];
    return typeof at === "string" ? `unix/${at}\n` : `127.0.0.1:${portOf(app.server)}\n`;
  });
  fill(dir, dials[0] ?? "");
  const load = startLoad(caddy.port, `${dir}/unused.json`);
  await pause(1500);
  const late: number[] = [];
  for (let i = 1; i <= 200; i += 1) {
    fill(dir, dials[i % 2] ?? "");
    const renamed = performance.now();
    await pause(100);
    late.push(Math.max(0, (apps[(i + 1) % 2]?.last() ?? 0) - renamed));
  }
  await stopChild(load);
  late.sort((x, y) => x - y);
  const at = (share: number): string => (late[Math.floor(share * (late.length - 1))] ?? 0).toFixed(1);
  const kind = typeof makers[0] === "string" ? "unix" : "tcp";
  note(
    `${kind}: last rename to last request at the old instance, 200 moves, ms`,
    `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
  );
  for (const app of apps) {
    app.server.closeAllConnections();
    app.server.close();
  }
}

async function passive(binary: string, dir: string, dial: string): Promise<void> {
  const extra = { health_checks: { passive: { fail_duration: "5s", max_fails: 1 } } };
  fill(dir, "127.0.0.1:1\n");
  const dials = slotDials(dir);
  const caddy = await startCaddy(binary, dir, { dials, keepAlive: POOLED, extra }, { dials, keepAlive: POOLED }, false);
  for (let i = 0; i < SLOTS; i += 1) await fetchOnce(caddy, MOVED, "/");
  fill(dir, `${dial}\n`);
  note("passive checks: all slots were dead, now live; next GET", await timed(caddy));
  await caddy.stop();
}

async function closeDelay(binary: string, dir: string, dial: string, sse: string): Promise<void> {
  const extra = { stream_close_delay: "2s" };
  const caddy = await startCaddy(
    binary,
    dir,
    { dials: [dial], keepAlive: POOLED, extra },
    { dials: [sse], keepAlive: POOLED, extra },
  );
  const stopped = Promise.withResolvers<void>();
  const stream = openStream("ws", caddy.port, OTHER, stopped.promise);
  await pause(500);
  const start = performance.timeOrigin + performance.now();
  await caddy.admin("PATCH", "/id/moved/upstreams", [{ dial }, { dial }]);
  const end = await Promise.race([stream, pause(6000)]);
  note(
    "one app's upstreams patched with stream_close_delay 2s: the OTHER app's WebSocket",
    end === undefined ? "still open after 6 s" : `closed ${(end.at - start).toFixed(0)} ms after`,
  );
  stopped.resolve();
  await caddy.stop();
}

async function naming(dir: string): Promise<void> {
  const back = process.cwd();
  process.chdir(dir);
  const app = await sayer("relative", "relative.sock");
  process.chdir(back);
  const held = connect(`${dir}/relative.sock`);
  await pause(100);
  const seen = connectionsTo({ kind: "unix", path: `${dir}/relative.sock` });
  note("app bound its socket by a relative path, 1 connection open: seen by absolute path", String(seen));
  held.destroy();
  app.server.close();
}

const binary = readCaddy();
const dir = mkdtempSync(`${tmpdir()}/edge-`);
try {
  mkdirSync(`${dir}/slots`);
  const a = await sayer("a", `${dir}/a.sock`);
  const b = await sayer("b", 0);
  const dial = `unix/${dir}/a.sock`;
  fill(dir, dial);
  const dials = slotDials(dir);
  const options = { dials, keepAlive: POOLED };
  const caddy = await startCaddy(binary, dir, options, { dials: [dial], keepAlive: POOLED });
  note("unix/ + absolute path in a slot", await timed(caddy));
  await spelling(caddy, dir, dial);
  await broken(caddy, dir, dial);
  await caching(caddy, dir, `${dial}\n`, `127.0.0.1:${portOf(b.server)}\n`);
  await repeats(caddy, dir);
  await window(caddy, dir, [`${dir}/w0.sock`, `${dir}/w1.sock`]);
  await window(caddy, dir, [0, 0]);
  await caddy.stop();
  await passive(binary, dir, dial);
  const ws = await startInstance("other-0", { kind: "unix", path: `${dir}/ws.sock` }, `${dir}/ids`);
  await closeDelay(binary, dir, dial, `unix/${dir}/ws.sock`);
  await stopChild(ws.child);
  await naming(dir);
  a.server.close();
  b.server.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log(["| question | answer |", "|---|---|", ...rows].join("\n"));
process.exit(0);
