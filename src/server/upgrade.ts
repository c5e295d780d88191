/**
 * Requests that ask for another protocol. They go the way of every request (host, token, right, input, audit); what the
 * use case gives back is then joined to the client's connection, byte for byte and with back-pressure in both directions.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { sessionProtocol } from "#core/session-frames.ts";
import { AppError } from "#core/errors.ts";
import { problemResponse } from "./problem.ts";
import type { Bindings } from "./request-env.ts";

/** Milliseconds of silence after which the kernel asks whether the other end is there; ten tries, a second apart. */
const keepAlive = 5000;
/** Milliseconds for a client to take the last bytes. */
const lastBytes = 10_000;

type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>;

/** Serves upgrades on the server until `closing` is aborted, which cuts them. */
export function serveUpgrades(server: Server, fetch: Fetch, closing: AbortSignal): void {
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const cut = (): void => void socket.destroy();
    closing.addEventListener("abort", cut, { once: true });
    socket.once("close", () => closing.removeEventListener("abort", cut));
    socket.on("error", cut);
    socket.setKeepAlive(true, keepAlive).setNoDelay(true).setTimeout(0);
    if (closing.aborted) return cut();
    void answer(incoming, socket, head, fetch).catch(cut);
  });
}

async function answer(incoming: IncomingMessage, socket: Socket, head: Buffer, fetch: Fetch): Promise<void> {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  if (headers.get("upgrade")?.toLowerCase() !== sessionProtocol || incoming.method !== "GET") {
    const error = new AppError("INVALID_INPUT", `The only protocol to upgrade to is ${sessionProtocol}, by GET.`);
    return refuse(socket, problemResponse(error, ""));
  }
  // Only the path counts: which host was meant, the header says.
  const request = new Request(new URL(incoming.url ?? "/", "http://localhost"), { headers, signal: gone.signal });
  let stream: Duplex | undefined;
  const response = await fetch(request, { incoming, upgrade: (given) => (stream = given) });
  if (stream === undefined) return refuse(socket, response);
  if (socket.destroyed) return void stream.destroy();
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${sessionProtocol}\r\n\r\n`);
  if (head.length > 0) stream.write(head);
  join(socket, stream);
}

/** Each gets what the other says; when one has gone, so has the other. */
function join(client: Socket, stream: Duplex): void {
  client.pipe(stream);
  stream.pipe(client);
  client.once("close", () => stream.destroy());
  stream.on("error", () => client.destroy());
  stream.once("close", () => {
    // Its last bytes are on their way to the client.
    const timer = setTimeout(() => client.destroy(), lastBytes);
    client.once("close", () => clearTimeout(timer));
    client.destroySoon();
  });
}

async function refuse(socket: Socket, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const lines = [`HTTP/1.1 ${response.status} Refused`];
  response.headers.forEach((value, name) => {
    if (name !== "content-length") lines.push(`${name}: ${value}`);
  });
  lines.push(`content-length: ${body.length}`, "connection: close", "", "");
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n")), body]));
}
