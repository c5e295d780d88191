/** WebSocket frames (RFC 6455, section 5): written as a client, read from either side, without extensions. */
import { randomBytes } from "node:crypto";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Frame = { readonly opcode: number; readonly final: boolean; readonly payload: Buffer };

/** One final frame as a client sends it: masked. */
export function encodeFrame(code: number, payload: Buffer, mask: Buffer = randomBytes(4)): Buffer {
  const length = payload.length;
  let head: Buffer;
  if (length < 126) head = Buffer.from([0x80 | code, 0x80 | length]);
  else if (length < 65_536) {
    head = Buffer.from([0x80 | code, 0x80 | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
  } else {
    head = Buffer.alloc(10);
    head.set([0x80 | code, 0x80 | 127]);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, mask, applyMask(payload, mask)]);
}

/** Takes bytes in any portions and hands over each complete frame, unmasked. */
export function frameParser(onFrame: (frame: Frame) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let taken = readFrame(rest); taken !== undefined; taken = readFrame(rest)) {
      rest = rest.subarray(taken.length);
      onFrame(taken.frame);
    }
  };
}

function readFrame(bytes: Buffer): { frame: Frame; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  const masked = second >= 0x80 ? 4 : 0;
  const start = 2 + extended + masked;
  if (bytes.length < start) return undefined;
  const size = extended === 8 ? Number(bytes.readBigUInt64BE(2)) : extended === 2 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < start + size) return undefined;
  const raw = bytes.subarray(start, start + size);
  const payload = masked === 0 ? Buffer.from(raw) : applyMask(raw, bytes.subarray(start - 4, start));
  return { frame: { opcode: first & 0x0f, final: first >= 0x80, payload }, length: start + size };
}

function applyMask(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ mask.readUInt8(index % 4)));
}
