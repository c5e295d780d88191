/**
 * The supervisor under test: moves the output of one instance into a stamped log until it is killed, or with `once` until
 * there is nothing left. Run: node reader.ts fifo|cat|file|segments INSTANCE_DIR [once]
 */
import { execFileSync } from "node:child_process";
import { constants, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { FIRST_COMMIT, readCommit, writeCommit } from "../../../../src/supervisor/output/commit-file.ts";
import { stampLines } from "../../../../src/supervisor/output/log-lines.ts";
import { LogReader } from "../../../../src/supervisor/output/log-reader.ts";
import { isWay } from "./ways.ts";

const [way, dir = "", once] = process.argv.slice(2);
if (!isWay(way)) throw new Error("first argument: fifo, cat, file or segments");
const stamp = (bytes: Buffer) =>
  stampLines(bytes, { time: new Date().toISOString(), stream: "out", maxLine: 65536, tail: "keep" });
const CREATE = constants.O_RDWR | constants.O_CREAT;

if (way === "segments") {
  const reader = new LogReader({ dir, keepFiles: 1000 });
  if (once !== undefined) reader.finish(new Date());
  else loop(() => reader.drain(new Date()).more);
} else if (way === "fifo") {
  mkdirSync(join(dir, "log"), { recursive: true });
  const log = openSync(join(dir, "log", "1"), "a");
  const socket = new Socket({
    fd: openSync(join(dir, "out"), constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const bytes = Buffer.concat([rest, chunk]);
    const { records, consumed } = stamp(bytes);
    writeSync(log, records);
    rest = bytes.subarray(consumed);
  });
} else {
  const read = spoolFileReader();
  if (once !== undefined) while (read());
  else loop(read);
}

/** Reads one growing file by offset, commits with the log, and frees what is consumed in steps of 8 MB. */
function spoolFileReader(): () => boolean {
  mkdirSync(join(dir, "log"), { recursive: true });
  const raw = join(dir, "raw.out");
  const spool = openSync(raw, "r");
  const log = openSync(join(dir, "log", "1"), CREATE);
  const marks = openSync(join(dir, "commit"), CREATE);
  let commit = readCommit(marks) ?? FIRST_COMMIT;
  ftruncateSync(log, commit.length);
  let freed = commit.out.offset;
  return () => {
    const { offset } = commit.out;
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(262_144, fstatSync(spool).size - offset)));
    if (bytes.length > 0) readSync(spool, bytes, 0, bytes.length, offset);
    const { records, consumed } = stamp(bytes);
    if (consumed === 0) return false;
    for (let done = 0; done < records.length;)
      done += writeSync(log, records, done, records.length - done, commit.length + done);
    commit = {
      ...commit,
      seq: commit.seq + 1,
      length: commit.length + records.length,
      out: { segment: 1, offset: offset + consumed },
    };
    writeCommit(marks, commit);
    if (commit.out.offset - freed > 8_000_000) {
      freed = commit.out.offset;
      execFileSync("fallocate", ["-p", "-o", "0", "-l", String(Math.floor(freed / 4096) * 4096), raw]);
    }
    return true;
  };
}

/** Drains, then looks again 20 ms later; never in a tight loop, so that a kill can fall anywhere. */
function loop(step: () => boolean): void {
  if (step()) setImmediate(loop, step);
  else setTimeout(loop, 20, step);
}
