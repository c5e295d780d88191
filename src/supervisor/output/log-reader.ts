import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { FIRST_COMMIT, readCommit, writeCommit, type Commit } from "./commit-file.ts";
import { stampLines, type StampOptions } from "./log-lines.ts";
import { compressedEnding, partNumber } from "./part-name.ts";
import { advance, listSegments, readStretch, removeBefore, type Listing, type StreamName } from "./spool.ts";

export type LogReaderOptions = {
  /** The instance's directory: spool segments `out.N` and `err.N`, beside them `commit` and `log/N`. */
  dir: string;
  /** Where the log files go, this run's own directory; `log` in `dir` unless given. */
  logs?: string;
  /** A log file that has reached this many bytes gets a successor. */
  rotateBytes?: number;
  /** So does one whose first line is this old, before the next line is written. */
  rotateMs?: number;
  /** What the files of the run may take of the disk together, and how many there may be: the oldest go. */
  keepBytes?: number;
  keepFiles?: number;
  /** Called when a log file got a successor. */
  rotated?: () => void;
  /** Longer lines are cut; at most `budget`. */
  maxLine?: number;
  /** A line without newline (a prompt, a progress bar) is shown after this long. */
  unfinishedAfterMs?: number;
  /** Most bytes taken from one stream in one call, so that one loud app does not hold up the others. */
  budget?: number;
};

export type DrainResult = {
  /** Call again at once: there is more to read. */
  more: boolean;
  /** Call again within a second: a line without newline waits for its time, or the disk was full. */
  waiting: boolean;
  /** The log's disk is full. Nothing was consumed; the spool holds the output up to its bound. */
  full: boolean;
};

type Taken = { records: Buffer[]; commit: Commit; more: boolean; waiting: boolean };

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Moves one instance's output from its spool into its log, each byte exactly once however often the reader is killed: log
 * first, then one commit that says how long the log is and up to where the spool is in it, then the spool is freed.
 * Whoever comes next cuts the log back to the committed length and reads on from the committed positions.
 */
export class LogReader {
  readonly #options: Required<LogReaderOptions>;
  readonly #logs: string;
  readonly #commitFd: number;
  #logFd: number;
  #commit: Commit;
  /** When the first line of the file that is written was; undefined while there is none. */
  #begunAt: number | undefined;
  /** Since when the unfinished line at this position has been waiting. Not kept: a new reader waits anew. */
  readonly #tails: Record<StreamName, { at: string; since: number }> = {
    out: { at: "", since: 0 },
    err: { at: "", since: 0 },
  };

  constructor(options: LogReaderOptions) {
    this.#options = {
      logs: join(options.dir, "log"),
      rotateBytes: 10_000_000,
      rotateMs: 24 * 60 * 60 * 1000,
      keepBytes: 50_000_000,
      keepFiles: 400,
      rotated: () => undefined,
      maxLine: 65_536,
      unfinishedAfterMs: 1000,
      budget: 262_144,
      ...options,
    };
    this.#logs = this.#options.logs;
    mkdirSync(this.#logs, { recursive: true, mode: 0o700 });
    this.#commitFd = openSync(join(options.dir, "commit"), CREATE, 0o600);
    const found = readCommit(this.#commitFd);
    this.#commit = found ?? FIRST_COMMIT;
    // Both slots from the start, so that a commit never needs a new block.
    if (found === undefined) for (const seq of [0, 1]) writeCommit(this.#commitFd, { ...FIRST_COMMIT, seq });
    this.#logFd = this.#openLog();
    this.#sweep(listSegments(options.dir));
  }

  /** Takes what is there, up to the budget. Sync and short; `now` stamps the lines. */
  drain(now: Date): DrainResult {
    return this.#take(now, false);
  }

  /** For an instance whose output has ended (`drained`): takes all the rest, a last line without newline too. */
  finish(now: Date): DrainResult {
    for (;;) {
      const result = this.#take(now, true);
      if (result.full || !result.more) return result;
    }
  }

  close(): void {
    closeSync(this.#logFd);
    closeSync(this.#commitFd);
  }

  #take(now: Date, last: boolean): DrainResult {
    const listing = listSegments(this.#options.dir);
    const taken: Taken = {
      records: [],
      commit: { ...this.#commit, seq: this.#commit.seq + 1 },
      more: false,
      waiting: false,
    };
    for (const stream of ["out", "err"] as const) this.#takeStream(stream, listing[stream], now, last, taken);
    const { out, err } = this.#commit;
    if (same(out, taken.commit.out) && same(err, taken.commit.err))
      return { more: taken.more, waiting: taken.waiting, full: false };
    if (this.#isOld(now)) {
      this.#rotate();
      Object.assign(taken.commit, { seq: this.#commit.seq + 1, log: this.#commit.log, length: 0 });
    }
    if (!this.#append(Buffer.concat(taken.records), taken.commit)) return { more: false, waiting: true, full: true };
    writeCommit(this.#commitFd, taken.commit);
    this.#commit = taken.commit;
    this.#begunAt ??= now.getTime();
    if (this.#commit.length >= this.#options.rotateBytes) this.#rotate();
    this.#sweep(listing);
    return { more: taken.more, waiting: taken.waiting, full: false };
  }

  #takeStream(stream: StreamName, segments: readonly number[], now: Date, last: boolean, taken: Taken): void {
    const { dir, maxLine, budget } = this.#options;
    const position = this.#commit[stream];
    const stretch = readStretch(dir, stream, segments, position, budget);
    const time = now.toISOString();
    // A line longer than the budget would never be seen whole: cut it.
    const cut = Math.min(maxLine, budget - 1);
    const ended = stretch.gapTo !== undefined || (last && !stretch.more);
    const tail = ended ? "line" : this.#overdue(stream, stretch.bytes, position, now) ? "unfinished" : "keep";
    const options: StampOptions = { time, stream, maxLine: cut, tail };
    const { records, consumed } = stampLines(stretch.bytes, options);
    taken.records.push(records);
    taken.commit[stream] = advance(position, stretch, consumed);
    taken.more ||= stretch.more;
    taken.waiting ||= consumed < stretch.bytes.length;
    if (stretch.gapTo === undefined) return;
    taken.records.push(
      Buffer.from(`${time} sys output on ${stream} was dropped here: the spool or its disk was full\n`),
    );
    taken.commit[stream] = { segment: stretch.gapTo, offset: 0 };
  }

  /** Is the line without newline at the end of these bytes old enough to be shown? */
  #overdue(stream: StreamName, bytes: Buffer, position: { segment: number; offset: number }, now: Date): boolean {
    if (bytes.length === 0 || bytes.includes(10)) return false;
    const at = `${position.segment}:${position.offset}`;
    const tail = this.#tails[stream];
    // A clock that was set back does not let it wait for as long.
    if (tail.at !== at || now.getTime() < tail.since) this.#tails[stream] = { at, since: now.getTime() };
    return tail.at === at && now.getTime() - tail.since >= this.#options.unfinishedAfterMs;
  }

  /** Writes past the committed length; false when there was no room, and then nothing was written. */
  #append(records: Buffer, commit: Commit): boolean {
    try {
      for (let done = 0; done < records.length;)
        done += writeSync(this.#logFd, records, done, records.length - done, commit.length + done);
    } catch (error) {
      ftruncateSync(this.#logFd, commit.length);
      if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT"))
        return false;
      throw error;
    }
    commit.length += records.length;
    return true;
  }

  #isOld(now: Date): boolean {
    if (this.#begunAt === undefined) return false;
    // Where the clock was set back, its age is counted anew.
    this.#begunAt = Math.min(this.#begunAt, now.getTime());
    return now.getTime() - this.#begunAt >= this.#options.rotateMs;
  }

  #rotate(): void {
    // Numbers instead of renames: the commit alone says which file is current, so a kill at any point leaves one truth.
    this.#goOnIn(this.#commit.log + 1);
    closeSync(this.#logFd);
    this.#logFd = this.#openLog();
    this.#options.rotated();
  }

  #goOnIn(log: number): void {
    const next = { ...this.#commit, seq: this.#commit.seq + 1, log, length: 0 };
    writeCommit(this.#commitFd, next);
    this.#commit = next;
  }

  #openLog(): number {
    const files = readdirSync(this.#logs).flatMap((name) => {
      const number = partNumber(name);
      return number === undefined ? [] : [{ name, number, isWhole: name.endsWith(compressedEnding) }];
    });
    // What was compressed was finished. That a commit does not say so happens after a power cut only.
    const finished = Math.max(0, ...files.filter(({ isWhole }) => isWhole).map(({ number }) => number));
    if (finished >= this.#commit.log) this.#goOnIn(finished + 1);
    const fd = openSync(join(this.#logs, String(this.#commit.log)), CREATE, 0o640);
    fchmodSync(fd, 0o640); // hop3d reads it, whatever our mask is
    const { size } = fstatSync(fd);
    // What was written and not committed will be read again. Shorter happens after a power cut only.
    if (size > this.#commit.length) ftruncateSync(fd, this.#commit.length);
    else this.#commit = { ...this.#commit, length: size };
    this.#begunAt = firstTime(fd);
    let room = this.#options.keepBytes;
    for (const { name, number } of files.toSorted((a, b) => b.number - a.number)) {
      const path = join(this.#logs, name);
      const isOurs = number <= this.#commit.log;
      if (isOurs && number < this.#commit.log) room -= (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
      const isKept = isOurs && room >= 0 && number > this.#commit.log - this.#options.keepFiles;
      if (!isKept && number !== this.#commit.log) rmSync(path, { force: true });
    }
    return fd;
  }

  #sweep(listing: Listing): void {
    for (const stream of ["out", "err"] as const)
      removeBefore(this.#options.dir, stream, listing[stream], this.#commit[stream]);
  }
}

function same(a: { segment: number; offset: number }, b: { segment: number; offset: number }): boolean {
  return a.segment === b.segment && a.offset === b.offset;
}

/** When the first line of a log was, by its stamp. */
function firstTime(fd: number): number | undefined {
  const stamp = Buffer.alloc(24);
  const time = readSync(fd, stamp, 0, stamp.length, 0) === stamp.length ? Date.parse(stamp.toString("latin1")) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
