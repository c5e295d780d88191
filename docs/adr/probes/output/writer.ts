/**
 * The app under test: numbers its lines (100 bytes each) at a fixed rate and measures how long a write ever held it up.
 * Run: node writer.ts MB_PER_SECOND SECONDS REPORT_FILE
 */
import { writeFileSync, writeSync } from "node:fs";

const [rate = "10", seconds = "5", report = ""] = process.argv.slice(2);
const perTick = Number(rate) * 100; // 100 lines of 100 bytes are 10 kB; a tick is 10 ms
const end = performance.now() + Number(seconds) * 1000;
let line = 0;
let longest = 0;
let errors = 0;
for (let due = performance.now(); due < end; due += 10) {
  const wait = due - performance.now();
  if (wait > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait);
  const bytes = Buffer.from(
    Array.from(
      { length: perTick },
      (_, i) =>
        String(line + i)
          .padStart(10, "0")
          .padEnd(99, "x") + "\n",
    ).join(""),
  );
  const before = performance.now();
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
  } catch {
    errors++;
  }
  longest = Math.max(longest, performance.now() - before);
  line += perTick;
}
writeFileSync(report, JSON.stringify({ lines: line, longestMs: Math.round(longest), errors }));
