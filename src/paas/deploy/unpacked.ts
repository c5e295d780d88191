/** Takes an archive out of its compression, and says which kind it is when it is not one of ours. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { AppError } from "#core/errors.ts";

/** What other archives begin with, for who sends one of them. */
const otherKinds: readonly (readonly [name: string, start: string])[] = [
  ["zip", "504b0304"],
  ["zip", "504b0506"],
  ["bzip2", "425a68"],
  ["xz", "fd377a585a00"],
  ["7z", "377abcaf271c"],
  ["rar", "526172211a07"],
];

/** By how it begins: 1f 8b is gzip, 28 b5 2f fd zstd. Throws INVALID_ARCHIVE for what is another archive. */
export async function* unpacked(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = archive[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head.length === 0) return;
  const whole = (async function* () {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  const start = head.subarray(0, 6).toString("hex");
  const other = otherKinds.find(([, begin]) => start.startsWith(begin));
  if (other !== undefined) {
    await iterator.return?.();
    throw new AppError("INVALID_ARCHIVE", `The upload is a ${other[0]} archive.`, {
      hint: "Send a tar, by itself or compressed by gzip or zstd.",
    });
  }
  const unpack = start.startsWith("1f8b")
    ? createGunzip()
    : start.startsWith("28b52ffd")
      ? createZstdDecompress()
      : undefined;
  if (unpack === undefined) {
    yield* whole;
    return;
  }
  // A failure destroys `unpack`, so the loop below is where it shows.
  pipeline(Readable.from(whole, { objectMode: false }), unpack).catch(() => undefined);
  yield* unpack as AsyncIterable<Uint8Array>;
}
