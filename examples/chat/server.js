// The server: three files for the page, /events for what happens in the room, /ws for what people say.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRoom } from "./room.js";
import { acceptSockets } from "./sockets.js";

const port = Number(process.env.PORT ?? 3000);
const streamsMax = 200;

const page = new Map(
  [
    ["/", "index.html", "text/html"],
    ["/chat.css", "chat.css", "text/css"],
    ["/chat.js", "chat.js", "text/javascript"],
  ].map(([path, file, type]) => [path, { type, body: readFileSync(new URL(`public/${file}`, import.meta.url)) }]),
);

const room = createRoom();
const streams = new Set();

const server = createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "text/plain", "GET only\n");
  if (path === "/healthz") return answer(response, 200, "text/plain", "ok\n");
  if (path === "/events" && request.method === "GET") return streamEvents(response);
  const file = page.get(path);
  if (file === undefined) return answer(response, 404, "text/plain", "There is nothing here.\n");
  answer(response, 200, file.type, file.body);
});

const sockets = acceptSockets(server, room);

function answer(response, status, type, body) {
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

/** Server-sent events: how many are here, and who came or went. The browser reconnects by itself. */
function streamEvents(response) {
  if (streams.size >= streamsMax) return answer(response, 503, "text/plain", "The room is full.\n");
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const leave = room.watch(send);
  // A comment now and then, so that nobody on the way takes the silence for a dead connection.
  const beat = setInterval(() => response.write(": still here\n\n"), 15_000);
  streams.add(response);
  response.on("close", () => {
    clearInterval(beat);
    leave();
    streams.delete(response);
  });
}

// TERM comes at each deploy: no new connections, and the open ones are ended, so that the pages move to the new
// release. Who does not let go within 2 s is cut off.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    console.log(`${signal}: closing ${room.size()} connections`);
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), 2_000).unref();
    sockets.close();
    for (const stream of streams) stream.end();
  });
}

server.listen(port, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${port}`));
