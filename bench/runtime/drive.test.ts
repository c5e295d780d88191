/** The load tells what a server does: against servers that do what must not happen. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Drive, makeDrive, requestText } from "./drive.ts";

const cc = "/usr/bin/cc";

describe("the load", { skip: existsSync(cc) ? false : "this host has no C compiler" }, () => {
  const directory = mkdtempSync(join(tmpdir(), "hop3-drive-"));
  const servers: ReturnType<typeof createServer>[] = [];
  const open = new Set<Socket>();
  let drive: Drive;

  before(async () => {
    drive = await makeDrive(cc, directory);
  });
  after(() => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
    rmSync(directory, { recursive: true });
  });

  /** A server that does this with what a connection says; the path of its socket. */
  async function serving(onData: (socket: Socket, bytes: Buffer, turn: number) => void): Promise<string> {
    let turn = 0;
    const server = createServer((socket) => {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("data", (bytes: Buffer) => onData(socket, bytes, (turn += 1)));
    });
    servers.push(server);
    const path = join(directory, `${servers.length}.sock`);
    server.listen(path);
    await once(server, "listening");
    return path;
  }

  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const request = [requestText("app.localhost", "/")];
  const load = { rate: 100, connections: 2, kind: "kept", seconds: 0.3 } as const;

  it("counts the answers of a timetable, and keeps or makes connections", async () => {
    const path = await serving((socket) => socket.write(answer));
    const kept = await drive(path, load, request, [process.pid]);
    assert.equal(kept.good, 30);
    assert.ok(kept.connects <= 2 && kept.cpu > 0);
    assert.equal((await drive(path, { ...load, kind: "new" }, request, [])).connects, 30);
  });

  it("counts what was due in a stall as late, not just the one request that met it", async () => {
    const path = await serving((socket, _, turn) => {
      if (turn === 5) setTimeout(() => socket.write(answer), 200);
      else socket.write(answer);
    });
    const { p50, max } = await drive(path, { ...load, connections: 1 }, request, []);
    assert.ok(max >= 195 && p50 > 20, `half of them took ${p50} ms, the longest ${max} ms`);
  });

  it("gives each request of several its turn", async () => {
    const asked: string[] = [];
    const path = await serving((socket, bytes) => {
      asked.push(bytes.toString("latin1").split("\r\n")[1] ?? "");
      socket.write(answer);
    });
    await drive(path, { ...load, seconds: 0.04 }, [requestText("a", "/"), requestText("b", "/")], []);
    assert.deepEqual(asked, ["Host: a", "Host: b", "Host: a", "Host: b"]);
  });

  for (const [what, say] of [
    ["another status", (socket: Socket) => socket.write(answer.replace("200 OK", "502 Bad"))],
    ["a body that ends before its length", (socket: Socket) => socket.end(answer.slice(0, -1))],
    ["a body that is longer than its length", (socket: Socket) => socket.write(`${answer}!`)],
    ["an answer without a length", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello")],
    ["no answer", (socket: Socket) => socket.destroy()],
  ] as const) {
    it(`fails by ${what}`, async () => {
      const path = await serving(say);
      await assert.rejects(drive(path, load, request, []), /[1-9]\d* of 30 requests failed/);
    });
  }

  it("fails by an answer to an upload that has not come whole", async () => {
    const path = await serving((socket, _, turn) => turn === 1 && socket.write(answer) && socket.pause());
    const upload = [requestText("a", "/", { body: new Uint8Array(8 * 1024 * 1024) })];
    await assert.rejects(drive(path, { ...load, rate: 10, seconds: 0.1 }, upload, []), /before it was asked whole/);
  });

  it("sends messages on WebSockets, and fails by one that comes back changed", async () => {
    const echo = (spoil: (body: Buffer) => void) =>
      serving((socket, bytes) => {
        if (bytes.includes("Upgrade")) return void socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        const body = Buffer.from(bytes.subarray(6));
        spoil(body);
        socket.write(Buffer.concat([Buffer.from([0x81, body.length]), body]));
      });
    const upgrade = [Buffer.from("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")];
    const messages = { ...load, kind: "echo" } as const;
    assert.equal((await drive(await echo(() => undefined), messages, upgrade, [])).good, 30);
    await assert.rejects(
      drive(await echo((body) => body.fill(0, 63)), messages, upgrade, []),
      /requests failed, first: not the same/,
    );
  });
});
