/**
 * The app under load. It dies at TERM with whatever it is doing, as most apps do: nothing must reach it by then. `listen`
 * is `unix` or `tcp`; every id that it is given is a line of `ids` in its data directory before the answer.
 */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const everyMs = 100;
const slowParts = 100;
const part = "x".repeat(1000);

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://app");
  if (pathname === "/ids") return count(request, response, searchParams.get("id") ?? "");
  if (pathname === "/upload") return swallow(request, response);
  if (pathname === "/slow") return slow(response);
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
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length)).on("end", () => response.end(String(bytes)));
}

/** @param {import("node:http").ServerResponse} response */
function slow(response) {
  response.setHeader("content-length", slowParts * part.length);
  let left = slowParts;
  const timer = setInterval(() => {
    response.write(part);
    if ((left -= 1) > 0) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.on("close", () => clearInterval(timer));
}

/** @param {import("node:http").ServerResponse} response */
function events(response) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write("data: tick\n\n"), everyMs);
  response.on("close", () => clearInterval(timer));
}

server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const timer = setInterval(() => socket.write(Buffer.from([0x81, 4, ...Buffer.from("tick")])), everyMs);
  // Any frame is a goodbye.
  socket.on("data", () => socket.end());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clearInterval(timer));
});

server.listen(
  readFileSync("listen", "utf8").trim() === "unix"
    ? { path: process.env["HOP3_SOCKET"] }
    : { host: "127.0.0.1", port: Number(process.env["PORT"]) },
);
