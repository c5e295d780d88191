import { closeSync, fstatSync, openSync, readSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Position } from "./commit-file.ts";

export type StreamName = "out" | "err";

/** The numbers of the segments that exist, ascending. */
export type Listing = Record<StreamName, number[]>;

type Piece = { segment: number; from: number; length: number };

/** A run of a stream's bytes, which may lie in several segments. */
export type Stretch = {
  bytes: Buffer;
  pieces: Piece[];
  /** Set when the numbering jumps after these bytes: the pump dropped output, and goes on in this segment. */
  gapTo?: number;
  /** The budget ended the stretch; there may be more to read at once. */
  more: boolean;
};

export function listSegments(dir: string): Listing {
  const listing: Listing = { out: [], err: [] };
  for (const name of readdirSync(dir)) {
    const match = /^(out|err)\.(\d+)$/.exec(name);
    if (match?.[1] === "out") listing.out.push(Number(match[2]));
    else if (match?.[1] === "err") listing.err.push(Number(match[2]));
  }
  listing.out.sort((a, b) => a - b);
  listing.err.sort((a, b) => a - b);
  return listing;
}

/**
 * Reads up to `budget` bytes from `position` on, consuming nothing. The listing must be OLDER than this call: a segment that
 * had a successor when it was listed gets no more bytes, so what is read of it now is all of it.
 */
export function readStretch(
  dir: string,
  stream: StreamName,
  segments: readonly number[],
  position: Position,
  budget: number,
): Stretch {
  const chunks: Buffer[] = [];
  const pieces: Piece[] = [];
  let { segment, offset } = position;
  let left = budget;
  for (;;) {
    if (segments.includes(segment)) {
      const chunk = readFrom(join(dir, `${stream}.${segment}`), offset, left);
      chunks.push(chunk);
      pieces.push({ segment, from: offset, length: chunk.length });
      left -= chunk.length;
    }
    if (left === 0) return { bytes: Buffer.concat(chunks), pieces, more: true };
    const next = segments.find((number) => number > segment);
    if (next === undefined) return { bytes: Buffer.concat(chunks), pieces, more: false };
    if (next !== segment + 1) return { bytes: Buffer.concat(chunks), pieces, more: true, gapTo: next };
    segment = next;
    offset = 0;
  }
}

/** Where the stream stands once `consumed` bytes of the stretch are in the log. */
export function advance(position: Position, stretch: Stretch, consumed: number): Position {
  let left = consumed;
  for (const [index, piece] of stretch.pieces.entries()) {
    if (left < piece.length || index === stretch.pieces.length - 1)
      return { segment: piece.segment, offset: piece.from + left };
    left -= piece.length;
  }
  return position;
}

/** Frees what lies wholly before the committed position. Their pump has left these segments, so nobody writes there. */
export function removeBefore(dir: string, stream: StreamName, segments: readonly number[], position: Position): void {
  for (const number of segments)
    if (number < position.segment) rmSync(join(dir, `${stream}.${number}`), { force: true });
}

function readFrom(path: string, offset: number, limit: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const length = Math.max(0, Math.min(limit, fstatSync(fd).size - offset));
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, length === 0 ? 0 : readSync(fd, bytes, 0, length, offset));
  } finally {
    closeSync(fd);
  }
}
