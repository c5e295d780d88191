/**
 * Writes a log that nobody writes to any more anew, compressed (seek-table.ts). Each step leaves whoever looks, and whoever
 * comes after a kill, with the log whole and once: under another name until it is on the disk, then a rename, then the
 * plain file goes. While there are both, the plain one counts.
 */
import { constants, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants as zlib, zstdCompress } from "node:zlib";
import type { Clock } from "#sys/clock.ts";
import { compressedEnding } from "./part-name.ts";
import { encodeTable, frameBytes, type Frame } from "./seek-table.ts";

/** Added to the name while it is not whole. */
export const unfinishedEnding = ".new";

export type CompressOptions = {
  readonly clock: Clock;
  /** Gives up; what was begun is removed. */
  readonly signal: AbortSignal;
  readonly fault: (point: string) => void;
};

const compress = promisify(zstdCompress);
// On a text of an access log level 3 takes a third of the time of gzip, for the same size; 9 takes five times as long for a tenth less.
const params = { [zlib.ZSTD_c_compressionLevel]: 3, [zlib.ZSTD_c_checksumFlag]: 1 };

/** Of the time, it works a tenth and sleeps the rest: as a neighbour of apps, and of the supervisor's own work. */
const rest = 9;
const restMax = 100;

/**
 * `directory` is one that stays the same, `name` the plain file in it. False when it went meanwhile. Throws as the file
 * system does, and the signal's reason; nothing is changed then.
 */
export async function compressLog(directory: string, name: string, options: CompressOptions): Promise<boolean> {
  const { signal, fault } = options;
  const plain = join(directory, name);
  const whole = `${plain}${compressedEnding}`;
  const begun = `${whole}${unfinishedEnding}`;
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using from = await open(plain, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const facts = await from.stat();
  if (!facts.isFile() || facts.nlink !== 1) throw new Error("it is not a plain file of one name");
  rmSync(begun, { force: true });
  await using to = await open(begun, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640);
  try {
    await to.chmod(0o640);
    await copy(from, to, facts.size, options);
    await to.sync();
    signal.throwIfAborted();
    fault("log-compressed");
    // From here on at once: whoever removes logs does it in this process, and does not come between.
    if (!isSame(lstatSync(plain, { throwIfNoEntry: false }), facts)) return false;
    renameSync(begun, whole);
    fault("log-renamed");
    rmSync(plain);
    return true;
  } finally {
    rmSync(begun, { force: true });
  }
}

async function copy(from: FileHandle, to: FileHandle, size: number, { clock, signal }: CompressOptions): Promise<void> {
  const frames: Frame[] = [];
  const buffer = Buffer.allocUnsafe(frameBytes);
  for (let at = 0; at < size;) {
    signal.throwIfAborted();
    const began = clock.elapsed();
    const length = Math.min(frameBytes, size - at);
    const { bytesRead } = await from.read(buffer, 0, length, at);
    if (bytesRead !== length) throw new Error("it became shorter");
    const frame = await compress(buffer.subarray(0, length), { params });
    await to.appendFile(frame);
    frames.push({ stored: frame.length, bytes: length });
    at += length;
    await clock.sleep(Math.min(restMax, rest * (clock.elapsed() - began)), signal);
  }
  await to.appendFile(encodeTable(frames));
}

function isSame(found: Stats | undefined, facts: Stats): boolean {
  return found !== undefined && found.ino === facts.ino && found.dev === facts.dev && found.size === facts.size;
}
