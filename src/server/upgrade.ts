/**
 * Requests that ask for another protocol. They go the way of every request (host, token, right, input, audit); what the
 * use case gives back is then joined to the client's connection, byte for byte and with back-pressure in both directions.
 */
import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { encodeFrame, sessionProtocol } from "#core/session-frames.ts";
import type { AppError } from "#core/errors.ts";
import { frameBorders, type FrameBorders } from "./frame-borders.ts";
import type { Bindings } from "./request-env.ts";

/** Milliseconds of silence after which the kernel asks whether the other end is there; ten tries, a second apart. */
const keepAlive = 5000;
/** Milliseconds for a client to take the last bytes. */
const lastBytes = 10_000;
/** Milliseconds for the frame that is under way when a session is ended from here, and for the client to take why. */
const frameEnd = 500;
const toldWithin = 2000;

type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>;

/** True for what `serveUpgrades` takes; any other wish to upgrade is passed over, as HTTP has it. */
export function asksForSession({ headers, method }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === sessionProtocol;
}

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
  // Only the path counts: which host was meant, the header says.
  const request = new Request(new URL(incoming.url ?? "/", "http://localhost"), { headers, signal: gone.signal });
  let given: { readonly stream: Duplex; readonly ended: AbortSignal } | undefined;
  const response = await fetch(request, { incoming, upgrade: (stream, ended) => (given = { stream, ended }) });
  if (given === undefined) return refuse(socket, response);
  const { stream, ended } = given;
  if (socket.destroyed) return void stream.destroy();
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${sessionProtocol}\r\n\r\n`);
  if (head.length > 0) stream.write(head);
  join(socket, stream, ended);
}

/** Each gets what the other says; when one has gone, so has the other. */
function join(client: Socket, stream: Duplex, ended: AbortSignal): void {
  const borders = frameBorders();
  const count = (chunk: Buffer): void => borders.passed(chunk);
  stream.on("data", count);
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
  const cut = (): void => {
    stream.off("data", count).unpipe(client);
    client.unpipe(stream);
    void cutShort(client, stream, borders, ended.reason as AppError);
  };
  ended.addEventListener("abort", cut, { once: true });
  if (ended.aborted) cut();
}

/** The client is told why, after the frame that is under way; what runs behind the stream ends with it. */
async function cutShort(client: Socket, stream: Duplex, borders: FrameBorders, why: AppError): Promise<void> {
  const isSlow = AbortSignal.timeout(frameEnd);
  const rest: Buffer[] = [];
  try {
    for (let missing = borders.missing(); missing > 0; missing = borders.missing()) {
      const chunk = stream.read(Math.min(missing, stream.readableLength)) as Buffer | null;
      if (chunk === null) await once(stream, "readable", { signal: isSlow });
      else {
        borders.passed(chunk);
        rest.push(chunk);
      }
    }
    client.write(Buffer.concat(rest));
    client.end(encodeFrame({ type: "failed", reason: `${why.message} ${why.hint}` }));
    const timer = setTimeout(() => client.destroy(), toldWithin);
    client.once("close", () => clearTimeout(timer));
  } catch {
    // In the middle of a frame nothing can be said.
    client.destroy();
  }
  stream.destroy();
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
