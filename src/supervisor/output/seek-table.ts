/**
 * A compressed log is a row of zstd frames, each of its own, and at the end a table of them: zstd's seekable format
 * (contrib/seekable_format in its sources). `zstdcat` reads it, for the table is a frame that is skipped; we read any part of
 * it, the end first, in the memory of one frame.
 */

/** Bytes of the log in a frame, the last one aside: what reading any of it takes in memory. */
export const frameBytes = 256 * 1024;

/** Most frames of a file, some 4 GB of log: a table that says more is none. */
const framesMax = 16_384;

/** Bytes of the footer, which is read first. */
export const footerBytes = 9;

const entryBytes = 8;
const headerBytes = 8;
const skippable = 0x184d2a5e;
const seekable = 0x8f92eab1;

/** How long a frame is, in the file and when it is read. */
export type Frame = { readonly stored: number; readonly bytes: number };

export function encodeTable(frames: readonly Frame[]): Buffer {
  const table = Buffer.alloc(headerBytes + frames.length * entryBytes + footerBytes);
  table.writeUInt32LE(skippable, 0);
  table.writeUInt32LE(table.length - headerBytes, 4);
  let at = headerBytes;
  for (const { stored, bytes } of frames) {
    at = table.writeUInt32LE(stored, at);
    at = table.writeUInt32LE(bytes, at);
  }
  at = table.writeUInt32LE(frames.length, at);
  at = table.writeUInt8(0, at); // no checksums here: each frame has its own
  table.writeUInt32LE(seekable, at);
  return table;
}

/** Bytes of the table that ends with this footer; undefined when it is none that we write. */
export function tableBytes(footer: Buffer): number | undefined {
  if (footer.length !== footerBytes || footer.readUInt32LE(5) !== seekable || footer[4] !== 0) return undefined;
  const count = footer.readUInt32LE(0);
  return count > framesMax ? undefined : headerBytes + count * entryBytes + footerBytes;
}

/** Undefined when it does not describe a file of `size` bytes. */
export function decodeTable(table: Buffer, size: number): Frame[] | undefined {
  if (tableBytes(table.subarray(-footerBytes)) !== table.length || table.readUInt32LE(0) !== skippable)
    return undefined;
  const frames: Frame[] = [];
  for (let at = headerBytes; at < table.length - footerBytes; at += entryBytes) {
    frames.push({ stored: table.readUInt32LE(at), bytes: table.readUInt32LE(at + 4) });
  }
  const stored = frames.reduce((sum, frame) => sum + frame.stored, 0);
  const fits = stored + table.length === size && frames.every(({ bytes }) => bytes > 0 && bytes <= frameBytes);
  return fits ? frames : undefined;
}
