// The WebSocket half: each connection is a member of the room. First it says {"name"}, then {"text"} as often as it likes.
import { WebSocketServer } from "ws";

const limits = {
  messageBytes: 4096,
  nameLength: 30,
  textLength: 1000,
  unsentBytes: 1024 * 1024,
  connections: 200,
  messagesPerSecond: 10,
};

/** Takes upgrades of `server` at /ws; returns `close()`, which ends all conversations. */
export function acceptSockets(server, room) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytes });

  server.on("upgrade", (request, socket, head) => {
    const refusal = refuse(request, sockets.clients.size);
    if (refusal === undefined) return sockets.handleUpgrade(request, socket, head, (client) => converse(client, room));
    // Without a listener, a reset of this connection would end the process.
    socket.on("error", () => socket.destroy());
    socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });

  // Who does not answer a ping by the next one is gone.
  const pings = setInterval(() => {
    for (const client of sockets.clients) {
      if (client.silent) client.terminate();
      client.silent = true;
      client.ping();
    }
  }, 30_000);

  return {
    close() {
      clearInterval(pings);
      for (const client of sockets.clients) client.close(1001, "The server is restarting.");
    },
  };
}

function refuse(request, connections) {
  if (request.url !== "/ws") return "404 Not Found";
  // A page of another site must not talk with this visitor's browser. Programs send no Origin.
  const { origin, host } = request.headers;
  if (origin !== undefined && URL.parse(origin)?.host !== host) return "403 Forbidden";
  if (connections >= limits.connections) return "503 Service Unavailable";
  return undefined;
}

function converse(client, room) {
  let member;
  let allowance = limits.messagesPerSecond;
  const refill = setInterval(() => (allowance = limits.messagesPerSecond), 1_000);

  const deliver = (message) => {
    // Who reads too slowly is let go, so that what waits for them does not fill the memory.
    if (client.bufferedAmount > limits.unsentBytes) client.terminate();
    else client.send(JSON.stringify(message));
  };

  client.on("message", (data) => {
    allowance -= 1;
    const said = allowance >= 0 ? parse(data) : undefined;
    if (said === undefined) return client.close(1008, "That is not a message, or too many at once.");
    if (member === undefined) {
      const name = clean(said.name, limits.nameLength) || "Somebody";
      member = room.join(name, deliver);
    } else {
      const text = clean(said.text, limits.textLength);
      if (text !== "") member.say(text);
    }
  });
  client.on("pong", () => (client.silent = false));
  // Followed by close.
  client.on("error", (error) => console.log(`connection failed: ${error.message}`));
  client.on("close", () => {
    clearInterval(refill);
    member?.leave();
  });
}

function parse(data) {
  try {
    const said = JSON.parse(data.toString());
    return typeof said === "object" && said !== null ? said : undefined;
  } catch {
    return undefined;
  }
}

function clean(text, length) {
  return typeof text === "string" ? text.trim().slice(0, length) : "";
}
