/**
 * The app under load. At TERM it says goodbye to its streams and is gone, whatever else it is doing, as most apps do:
 * nothing must reach it by then. `listen` is `unix` or `tcp`; every id that it is given is a line of `ids` in its data
 * directory before the answer. Each answer says which instance it is from.
 */
import { createHash, randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const everyMs = 100;
const slowLines = 100;
const instance = randomUUID();
/** @type {Set<() => void>} */
const goodbyes = new Set();

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://app");
  response.setHeader("x-instance", instance);
  if (pathname === "/ids") return count(request, response, searchParams.get("id") ?? "");
  if (pathname === "/upload") return swallow(request, response);
  if (pathname === "/slow") return slow(response, searchParams.has("chunked"));
  if (pathname === "/events") return events(response);
  response.end("here\n");
});

/** @type {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, id: string) => void} */
function count(request, response, id) {
  request.resume().on("end", () => {
    appendFileSync(`${process.env["HOP3_DATA_DIR"]}/ids`, `${id}\n`);
    response.end(id);
  });
}

/** @type {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => void} */
function swallow(request, response) {
  const hash = createHash("sha256");
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  request.on("end", () => response.end(`${bytes} ${hash.digest("hex")}`));
}

/** @type {(response: import("node:http").ServerResponse, chunked: boolean) => void} */
function slow(response, chunked) {
  if (!chunked) response.setHeader("content-length", slowLines * 1000);
  let line = 0;
  const timer = setInterval(() => {
    response.write(`${String(line).padStart(999, ".")}\n`);
    if ((line += 1) < slowLines) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.on("close", () => clearInterval(timer));
}

/** @param {import("node:http").ServerResponse} response */
function events(response) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  let number = 0;
  const timer = setInterval(() => response.write(`data: ${number++}\n\n`), everyMs);
  const goodbye = () => response.end();
  goodbyes.add(goodbye);
  response.on("close", () => {
    clearInterval(timer);
    goodbyes.delete(goodbye);
  });
}

server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let number = 0;
  const timer = setInterval(() => {
    const text = String(number++);
    socket.write(Buffer.from([0x81, text.length, ...Buffer.from(text)]));
  }, everyMs);
  const goodbye = () => socket.end(Buffer.from([0x88, 2, 1001 >> 8, 1001 & 255]));
  goodbyes.add(goodbye);
  // Any frame is a goodbye.
  socket.on("data", () => socket.end());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    clearInterval(timer);
    goodbyes.delete(goodbye);
  });
});

process.on("SIGTERM", () => {
  for (const goodbye of goodbyes) goodbye();
  setImmediate(() => process.exit());
});

server.listen(
  readFileSync("listen", "utf8").trim() === "unix"
    ? { path: process.env["HOP3_SOCKET"] }
    : { host: "127.0.0.1", port: Number(process.env["PORT"]) },
);
