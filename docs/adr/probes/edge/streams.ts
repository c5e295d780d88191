// Long-lived streams seen from the client: a raw socket for both kinds, so that an end, a reset and a gap in
// the numbering are all visible.
import { connect } from "node:net";

export type StreamKind = "sse" | "ws";
export interface StreamEnd {
  readonly kind: StreamKind;
  readonly host: string;
  readonly instance: string; // "" when no instance ever answered
  readonly at: number;
  readonly how: string;
}

const REQUESTS: Readonly<Record<StreamKind, string>> = {
  sse: "GET /sse HTTP/1.1\r\nAccept: text/event-stream\r\n",
  ws:
    "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
};
const FIRST: Readonly<Record<StreamKind, RegExp>> = {
  sse: /data: ([a-z]+-\d+)\n/,
  ws: /\x81.([a-z]+-\d+)/s,
};

/** Resolves when the stream ends, whoever ended it; `stopped` makes the client end it. */
export function openStream(kind: StreamKind, port: number, host: string, stopped: Promise<void>): Promise<StreamEnd> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let head = "";
    let instance = "";
    let how = "end";
    socket.setEncoding("latin1");
    socket.write(`${REQUESTS[kind]}Host: ${host}\r\n\r\n`);
    socket.on("data", (chunk: string) => {
      if (instance !== "") return;
      head += chunk;
      instance = FIRST[kind].exec(head)?.[1] ?? "";
      if (!/^HTTP\/1\.1 (200|101) /.test(head)) how = head.split("\r\n", 1)[0] ?? "";
      if (how !== "end") socket.destroy();
    });
    socket.on("error", (error) => (how = error.message));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve({ kind, host, instance, at: performance.timeOrigin + performance.now(), how }));
    void stopped.then(() => socket.destroy());
  });
}
