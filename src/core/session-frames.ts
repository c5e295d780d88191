/**
 * What a one-off command or terminal and the person's client say to each other, over any stream of bytes: a byte for the
 * kind, four for the length, then the content. Whoever carries the stream (a socket, an upgraded HTTP connection, later a
 * tunnel) need not look into it.
 *
 * Data is sent only against credit: each side may send `sessionWindow` bytes of a stream, and as much more as the other
 * grants when it has passed on what came. So both sides always read, a signal or a disconnect is noticed while data
 * stands still, and nobody holds more than a window.
 */
import { AppError } from "./errors.ts";

/** Bytes of each stream that may be under way. */
export const sessionWindow = 256 * 1024;

/** Longest content of a frame, in bytes. */
export const frameMax = 64 * 1024;

/** Each side says that it is there this often, in milliseconds. */
export const aliveEvery = 10_000;

/** Milliseconds without a word after which the other side counts as gone. */
export const silenceMax = 60_000;

/** What a client asks for when it takes over an HTTP connection. */
export const sessionProtocol = "hop3-session/1";

/** Signals that a client may send. */
export const sessionSignals = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
export type SessionSignal = keyof typeof sessionSignals;

export type DataStream = "stdin" | "stdout" | "stderr";

export type Frame =
  | { readonly type: DataStream; readonly data: Buffer }
  | { readonly type: "stdin-end" }
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  | { readonly type: "signal"; readonly signal: SessionSignal }
  /** That many bytes of the stream have been passed on, and as many more may come. */
  | { readonly type: "grant"; readonly stream: DataStream; readonly bytes: number }
  | { readonly type: "alive" }
  /** The command's exit status, 128+n after signal n. The last frame. */
  | { readonly type: "exit"; readonly code: number }
  /** Why there is no exit status. The last frame. */
  | { readonly type: "failed"; readonly reason: string };

const kinds = {
  stdin: 1,
  "stdin-end": 2,
  resize: 3,
  signal: 4,
  grant: 5,
  alive: 6,
  stdout: 11,
  stderr: 12,
  exit: 13,
  failed: 14,
} as const satisfies Record<Frame["type"], number>;

const typeOf = new Map(Object.entries(kinds).map(([type, kind]) => [kind as number, type as Frame["type"]]));
const streams: readonly DataStream[] = ["stdin", "stdout", "stderr"];
/** Kind and length. */
export const frameHeadBytes = 5;

export function encodeFrame(frame: Frame): Buffer {
  const content = contentOf(frame);
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt8(kinds[frame.type], 0);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

function contentOf(frame: Frame): Buffer {
  switch (frame.type) {
    case "stdin":
    case "stdout":
    case "stderr":
      return frame.data;
    case "stdin-end":
    case "alive":
      return Buffer.alloc(0);
    case "resize": {
      const content = Buffer.alloc(4);
      content.writeUInt16BE(frame.columns, 0);
      content.writeUInt16BE(frame.rows, 2);
      return content;
    }
    case "signal":
      return Buffer.of(sessionSignals[frame.signal]);
    case "grant": {
      const content = Buffer.alloc(5);
      content.writeUInt8(streams.indexOf(frame.stream), 0);
      content.writeUInt32BE(frame.bytes, 1);
      return content;
    }
    case "exit":
      return Buffer.of(frame.code);
    case "failed":
      return Buffer.from(frame.reason).subarray(0, frameMax);
  }
}

/** Frames out of chunks as they come, whatever their borders. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete now. Throws INVALID_INPUT for what is none; nothing can be read after that. */
  take(chunk: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: Frame[] = [];
    while (rest.length >= frameHeadBytes) {
      const length = rest.readUInt32BE(1);
      if (length > frameMax) throw malformed();
      if (rest.length < frameHeadBytes + length) break;
      found.push(decode(rest.readUInt8(0), rest.subarray(frameHeadBytes, frameHeadBytes + length)));
      rest = rest.subarray(frameHeadBytes + length);
    }
    this.#rest = rest;
    return found;
  }
}

function decode(kind: number, content: Buffer): Frame {
  const type = typeOf.get(kind);
  const sized = (bytes: number): Buffer => {
    if (content.length !== bytes) throw malformed();
    return content;
  };
  switch (type) {
    case undefined:
      throw malformed();
    case "stdin":
    case "stdout":
    case "stderr":
      return { type, data: content };
    case "stdin-end":
    case "alive":
      sized(0);
      return { type };
    case "resize":
      return { type, columns: sized(4).readUInt16BE(0), rows: content.readUInt16BE(2) };
    case "signal": {
      const number = sized(1).readUInt8(0);
      const signal = (Object.keys(sessionSignals) as SessionSignal[]).find((name) => sessionSignals[name] === number);
      if (signal === undefined) throw malformed();
      return { type, signal };
    }
    case "grant": {
      const stream = streams[sized(5).readUInt8(0)];
      if (stream === undefined) throw malformed();
      return { type, stream, bytes: content.readUInt32BE(1) };
    }
    case "exit":
      return { type, code: sized(1).readUInt8(0) };
    case "failed":
      return { type, reason: content.toString("utf8") };
  }
}

function malformed(): AppError {
  return new AppError("INVALID_INPUT", "What came is not what a session's stream holds.");
}
