/** A WebSocket through the edge: Node's own client cannot dial one address under the name of another. */
import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type EdgeTarget, dialEdge, standardTimeoutMs } from "./http-through-edge.ts";
import { createInbox } from "./inbox.ts";
import { encodeFrame, frameParser, opcode } from "./web-socket-frames.ts";

export type Closed = {
  /** The code the other side gave; 1006 when the connection broke without one. */
  readonly code: number;
  readonly reason: string;
};

export type EdgeSocket = {
  send(text: string): void;
  /** The next message. Rejects after `timeoutMs`, or when the connection has closed. */
  next(timeoutMs?: number): Promise<string>;
  /** How the connection closed, once it has. Rejects after `timeoutMs`. */
  closed(timeoutMs?: number): Promise<Closed>;
  /** Says goodbye with 1000 and hangs up. */
  close(): void;
};

export type SocketOptions = { readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs?: number };

/** Resolves when the connection is open. Rejects with the status when the upgrade is refused. */
export async function openWebSocket(
  target: EdgeTarget,
  path: string,
  options: SocketOptions = {},
): Promise<EdgeSocket> {
  const { timeoutMs = standardTimeoutMs } = options;
  const key = randomBytes(16).toString("base64");
  const { response, socket, head } = await upgrade(target, path, key, options.headers ?? {}, timeoutMs);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  if (response.headers["sec-websocket-accept"] !== accept) {
    socket.destroy();
    throw new Error(`${path} answered the upgrade with a wrong Sec-WebSocket-Accept.`);
  }
  return talk(socket, head);
}

type Upgraded = { response: IncomingMessage; socket: Socket; head: Buffer };

function upgrade(
  target: EdgeTarget,
  path: string,
  key: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), timeoutMs);
    const outgoing = dialEdge(target, path, {
      method: "GET",
      headers: {
        ...headers,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": key,
        "sec-websocket-version": "13",
      },
      signal: giveUp.signal,
    });
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
      outgoing.destroy();
    };
    outgoing.on("error", (error) => {
      fail(giveUp.signal.aborted ? new Error(`${path} was not upgraded within ${timeoutMs} ms.`) : error);
    });
    outgoing.on("response", ({ statusCode }) => fail(new Error(`${path} refused the upgrade with ${statusCode}.`)));
    outgoing.on("upgrade", (response, socket: Socket, head) => {
      clearTimeout(timer);
      resolve({ response, socket, head });
    });
    outgoing.end();
  });
}

function talk(socket: Socket, head: Buffer): EdgeSocket {
  const messages = createInbox<string>("message");
  const endings = createInbox<Closed>("close");
  let partial: Buffer[] = [];
  let goodbye: Closed = { code: 1006, reason: "" };

  const take = frameParser(({ opcode: code, final, payload }) => {
    if (code === opcode.ping) socket.write(encodeFrame(opcode.pong, payload));
    else if (code === opcode.close) {
      goodbye = {
        code: payload.length < 2 ? 1005 : payload.readUInt16BE(0),
        reason: payload.subarray(2).toString("utf8"),
      };
      // The goodbye is answered, and whether the other side hangs up is not waited for.
      socket.end(encodeFrame(opcode.close, payload.subarray(0, 2)), () => socket.destroy());
    } else if (code !== opcode.pong) {
      partial.push(payload);
      if (!final) return;
      messages.push(Buffer.concat(partial).toString("utf8"));
      partial = [];
    }
  });
  socket.on("data", take);
  // A reset is followed by close, which tells it.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    endings.push(goodbye);
    messages.end(new Error(`The connection closed with ${goodbye.code}.`));
  });
  if (head.length > 0) take(head);

  return {
    send: (text) => void socket.write(encodeFrame(opcode.text, Buffer.from(text))),
    next: (timeoutMs = standardTimeoutMs) => messages.next(timeoutMs),
    closed: async (timeoutMs = standardTimeoutMs) => {
      const closed = await endings.next(timeoutMs);
      // Whoever asks again gets the same answer.
      endings.push(closed);
      return closed;
    },
    close: () => void socket.end(encodeFrame(opcode.close, Buffer.from([0x03, 0xe8]))),
  };
}
