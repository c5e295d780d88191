import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { encodeFrame, frameParser, opcode, type Frame } from "./web-socket-frames.ts";
import { openWebSocket } from "./web-socket-through-edge.ts";

/** Unmasked, from the same examples. */
const helInOneLoInAnother = "010348656c80026c6f";

test("frames are those of the examples in RFC 6455", () => {
  const hello = Buffer.from("Hello");
  const mask = Buffer.from("37fa213d", "hex");
  assert.equal(encodeFrame(opcode.text, hello, mask).toString("hex"), "818537fa213d7f9f4d5158");
  const frames = parsed([Buffer.from(`818537fa213d7f9f4d5158${helInOneLoInAnother}`, "hex")]);
  assert.deepEqual(
    frames.map(({ opcode: code, final, payload }) => [code, final, payload.toString()]),
    [
      [1, true, "Hello"],
      [1, false, "Hel"],
      [0, true, "lo"],
    ],
  );
});

for (const length of [0, 125, 126, 65_535, 65_536]) {
  test(`a frame of ${length} bytes comes out as it went in, however it is cut`, () => {
    const payload = Buffer.alloc(length, "abc");
    const bytes = encodeFrame(opcode.binary, payload);
    const cut = Math.min(3, bytes.length - 1);
    assert.deepEqual(parsed([bytes.subarray(0, cut), bytes.subarray(cut)]), [
      { opcode: opcode.binary, final: true, payload },
    ]);
  });
}

test("a conversation: both directions, a message in parts, a ping, and the server's goodbye", async (t) => {
  const heard: Frame[] = [];
  const target = await serveSockets(t, (socket) => {
    socket.write(Buffer.from(helInOneLoInAnother, "hex"));
    socket.write(serverFrame(opcode.ping, Buffer.from("are you there")));
    socket.on(
      "data",
      frameParser((frame) => {
        heard.push(frame);
        if (frame.opcode !== opcode.text) return;
        socket.write(serverFrame(opcode.text, Buffer.from(`you said ${frame.payload.toString()}`)));
        socket.write(serverFrame(opcode.close, Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from("bye")])));
      }),
    );
  });
  const socket = await openWebSocket(target, "/ws");
  assert.equal(await socket.next(), "Hello");
  socket.send("hi");
  assert.equal(await socket.next(), "you said hi");
  assert.deepEqual(await socket.closed(), { code: 1001, reason: "bye" });
  assert.deepEqual(await socket.closed(), { code: 1001, reason: "bye" });
  await assert.rejects(socket.next(), /closed with 1001/);
  assert.deepEqual(
    heard.slice(0, 2).map(({ opcode: code, payload }) => [code, payload.toString()]),
    [
      [opcode.pong, "are you there"],
      [opcode.text, "hi"],
    ],
  );
});

test("a connection that breaks without a goodbye closed with 1006", async (t) => {
  const target = await serveSockets(t, (socket) => socket.destroy());
  const socket = await openWebSocket(target, "/ws");
  assert.deepEqual(await socket.closed(), { code: 1006, reason: "" });
});

test("silence is an error at the deadline", async (t) => {
  const target = await serveSockets(t, () => undefined);
  const socket = await openWebSocket(target, "/ws");
  t.after(() => socket.close());
  await assert.rejects(socket.next(50), /No message came within 50 ms/);
  await assert.rejects(socket.closed(50), /No close came within 50 ms/);
});

test("a refused upgrade tells the status", async (t) => {
  const target = await serveSockets(t, () => undefined);
  await assert.rejects(openWebSocket(target, "/elsewhere"), /\/elsewhere refused the upgrade with 404/);
});

function serverFrame(code: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | code, payload.length]), payload]);
}

function parsed(portions: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const parse = frameParser((frame) => frames.push(frame));
  for (const portion of portions) parse(portion);
  return frames;
}

/** A server that upgrades /ws and knows no more of the protocol than its handshake. */
async function serveSockets(t: TestContext, converse: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on("upgrade", (request, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    if (request.url !== "/ws") return void socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    converse(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, host: "chat.localhost" };
}
