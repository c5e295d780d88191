// One app instance. It has no TERM handler: like most apps it dies at TERM with requests in flight.
// Run: node app.ts NAME LISTEN IDS_FILE     LISTEN is an absolute socket path or a port (0 = any)
// It prints the address it listens on. IDS_FILE gets one line per executed POST: the first line of its body.
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { parseAddress } from "./address.ts";

const [name, listen, idsFile] = process.argv.slice(2);
const address = listen === undefined ? undefined : parseAddress(listen);
if (name === undefined || address === undefined || idsFile === undefined) {
  console.error("usage: node app.ts NAME LISTEN IDS_FILE");
  process.exit(2);
}
const ids = idsFile;
const LONG_STEPS = 20;
const LONG_STEP_MS = 500;
const EVENT_MS = 200;

function executePost(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const id = body.split("\n", 1)[0] ?? "";
    appendFileSync(ids, `${id}\n`);
    response.end(id);
  });
}

function answerLong(response: ServerResponse): void {
  let step = 0;
  const timer = setInterval(() => {
    step += 1;
    if (step < LONG_STEPS) return void response.write(`${step}\n`);
    clearInterval(timer);
    response.end("end\n");
  }, LONG_STEP_MS);
  response.on("close", () => clearInterval(timer));
}

function answerEvents(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(`data: ${name}\n\n`);
  let count = 0;
  const timer = setInterval(() => response.write(`data: ${(count += 1)}\n\n`), EVENT_MS);
  response.on("close", () => clearInterval(timer));
}

const server = createServer((request, response) => {
  if (request.url === "/post") executePost(request, response);
  else if (request.url === "/long") answerLong(response);
  else if (request.url === "/sse") answerEvents(response);
  else response.end(`${name}\n`);
});

function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, Buffer.byteLength(text)]), Buffer.from(text)]);
}

server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
  const key = String(request.headers["sec-websocket-key"]);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.write(textFrame(name));
  let count = 0;
  const timer = setInterval(() => socket.write(textFrame(String((count += 1)))), EVENT_MS);
  socket.on("data", () => undefined);
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.end());
  socket.on("close", () => clearInterval(timer));
});

const ready = (): void => {
  const bound = server.address();
  console.log(typeof bound === "object" && bound !== null ? String(bound.port) : bound);
};
if (address.kind === "unix") server.listen(address.path, ready);
else server.listen(address.port, "127.0.0.1", ready);
