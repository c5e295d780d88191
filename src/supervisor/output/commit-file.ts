import { readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Where a stream has been read up to: everything before it is in the log. */
export type Position = { segment: number; offset: number };

/** How far the log and the spool belong together. Bytes of the log past `length` are not committed. */
export type Commit = { seq: number; log: number; length: number; out: Position; err: Position };

/** Two slots are written in turn, so a torn write (power cut) leaves the other. Far below a page: a kill cannot cut one. */
const SLOT_BYTES = 512;

export const FIRST_COMMIT: Commit = {
  seq: 0,
  log: 1,
  length: 0,
  out: { segment: 1, offset: 0 },
  err: { segment: 1, offset: 0 },
};

/** Overwrites in place: on a full disk the blocks are already there, and no rename is needed. */
export function writeCommit(fd: number, commit: Commit): void {
  const { seq, log, length, out, err } = commit;
  const body = [seq, log, length, out.segment, out.offset, err.segment, err.offset].join(" ");
  const slot = `${crc32(body)} ${body}`.padEnd(SLOT_BYTES - 1) + "\n";
  if (writeSync(fd, slot, (seq % 2) * SLOT_BYTES, "latin1") !== SLOT_BYTES)
    throw new Error("the commit file of a log was written in part");
}

/** The newest whole commit; undefined when neither slot holds one. */
export function readCommit(fd: number): Commit | undefined {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  return [0, SLOT_BYTES]
    .map((start) => parseSlot(bytes.toString("latin1", start, Math.min(length, start + SLOT_BYTES))))
    .reduce((best, one) => (one !== undefined && (best === undefined || one.seq > best.seq) ? one : best), undefined);
}

function parseSlot(text: string): Commit | undefined {
  const [sum, ...words] = text.trim().split(" ");
  if (words.length !== 7 || sum !== String(crc32(words.join(" ")))) return undefined;
  const [seq = 0, log = 0, length = 0, outSegment = 0, outOffset = 0, errSegment = 0, errOffset = 0] =
    words.map(Number);
  return {
    seq,
    log,
    length,
    out: { segment: outSegment, offset: outOffset },
    err: { segment: errSegment, offset: errOffset },
  };
}
