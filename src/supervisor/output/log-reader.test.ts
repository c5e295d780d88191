import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAUNCHER_ENV, LAUNCHER_SCRIPT, launcherArgv, prepareInstance } from "./launcher.ts";
import { LogReader, type LogReaderOptions } from "./log-reader.ts";

const root = mkdtempSync(join(tmpdir(), "hop3-log-"));
after(() => rmSync(root, { recursive: true, force: true }));
const T0 = new Date("2026-01-02T03:04:05.678Z");
const later = (ms: number) => new Date(T0.getTime() + ms);

/** An instance directory with these spool files. */
function spool(files: Record<string, string | Buffer>): string {
  const dir = mkdtempSync(join(root, "i-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return dir;
}

function withReader<T>(dir: string, use: (reader: LogReader) => T, options: Partial<LogReaderOptions> = {}): T {
  const reader = new LogReader({ dir, ...options });
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

/** All log files in order, without the time stamp of T0. */
function logText(dir: string): string {
  const files = readdirSync(join(dir, "log")).sort((a, b) => Number(a) - Number(b));
  return files
    .map((name) => readFileSync(join(dir, "log", name), "latin1"))
    .join("")
    .replaceAll(`${T0.toISOString()} `, "");
}

const finish = (dir: string, options: Partial<LogReaderOptions> = {}) =>
  withReader(dir, (reader) => reader.finish(T0), options);

/** What the stream was, from its records. */
function joined(text: string): string {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => (line.startsWith("out+ ") ? line.slice(5) : `${line.slice(4)}\n`))
    .join("");
}

test("every line carries its time and stream", () => {
  const dir = spool({ "out.1": "a\n\nb\n", "err.1": "c\n" });
  withReader(dir, (reader) => assert.deepEqual(reader.drain(T0), { more: false, waiting: false, full: false }));
  assert.equal(
    readFileSync(join(dir, "log", "1"), "utf8"),
    ["out a", "out ", "out b", "err c"].map((line) => `2026-01-02T03:04:05.678Z ${line}\n`).join(""),
  );
});

test("a line that crosses segments stays one line and read segments are removed", () => {
  const dir = spool({ "out.1": "one\ntw", "out.2": "o\nthr", "out.3": "", "out.4": "ee\n" });
  finish(dir);
  assert.equal(logText(dir), "out one\nout two\nout three\n");
  assert.deepEqual(readdirSync(dir).sort(), ["commit", "log", "out.4"]);
});

test("a missing segment number is told in the log", () => {
  const dir = spool({ "out.1": "one\ntw", "out.3": "four\n" });
  finish(dir);
  assert.equal(
    logText(dir),
    "out one\nout tw\nsys output on out was dropped here: the spool or its disk was full\nout four\n",
  );
});

test("a line without newline is shown when it has waited long enough, and joins what follows", () => {
  const dir = spool({ "out.1": "Name: " });
  withReader(dir, (reader) => {
    assert.deepEqual(reader.drain(T0), { more: false, waiting: true, full: false });
    assert.equal(logText(dir), "");
    reader.drain(later(999));
    assert.equal(logText(dir), "");
    reader.drain(later(1000));
    appendFileSync(join(dir, "out.1"), "Ada\n");
    reader.drain(later(2000));
  });
  assert.match(logText(dir), /06\.678Z out\+ Name: \n\S+ out Ada\n$/);
});

test("a line of 10 MB and bytes that are no text come out as they went in", () => {
  const long = Buffer.alloc(10_000_000, "y").toString("latin1");
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256)).toString("latin1");
  const text = `${long}\n${bytes}\nend`;
  const dir = spool({
    "out.1": Buffer.from(text.slice(0, 4_000_001), "latin1"),
    "out.2": Buffer.from(text.slice(4_000_001), "latin1"),
  });
  finish(dir);
  assert.equal(joined(logText(dir)) === `${text}\n`, true);
});

test("what was written and not committed is cut away and read again", () => {
  const dir = spool({ "out.1": "a\n" });
  withReader(dir, (reader) => reader.drain(T0));
  appendFileSync(join(dir, "log", "1"), "written by a reader that was kil");
  appendFileSync(join(dir, "out.1"), "b\n");
  finish(dir);
  assert.equal(logText(dir), "out a\nout b\n");
});

test("a torn commit leaves the one before it in force", () => {
  const dir = spool({ "out.1": "a\n" });
  withReader(dir, (reader) => {
    reader.drain(T0);
    appendFileSync(join(dir, "out.1"), "b\n");
    reader.drain(T0); // seq 2, in the first slot
  });
  const commit = readFileSync(join(dir, "commit"));
  writeFileSync(
    join(dir, "commit"),
    Buffer.concat([commit.subarray(0, 14), Buffer.alloc(498, "9"), commit.subarray(512)]),
  );
  finish(dir);
  assert.equal(logText(dir), "out a\nout b\n");
});

test("logs rotate by size, the oldest go, and a file of a rotation that was cut short is removed", () => {
  const dir = spool({ "out.1": Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(9, "0")}\n`).join("") });
  const options = { rotateBytes: 5000, keepFiles: 3, budget: 1000 };
  finish(dir, options);
  const files = readdirSync(join(dir, "log"))
    .map(Number)
    .sort((a, b) => a - b);
  assert.equal(files.length, 3);
  writeFileSync(join(dir, "log", String(Math.max(...files) + 1)), "not committed");
  finish(dir, options);
  assert.deepEqual(
    readdirSync(join(dir, "log"))
      .map(Number)
      .sort((a, b) => a - b),
    files,
  );
  const numbers = logText(dir)
    .trim()
    .split("\n")
    .map((line) => Number(line.slice(4)));
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => 1000 - numbers.length + i),
  );
});

test("the files of a run keep to a bound of bytes, compressed ones among them, and what is written stays", () => {
  const dir = spool({ "out.1": "one\n" });
  mkdirSync(join(dir, "log"));
  for (const number of [1, 2, 3]) writeFileSync(join(dir, "log", `${number}.zst`), Buffer.alloc(8192));
  finish(dir, { keepBytes: 17_000 });
  assert.deepEqual(readdirSync(join(dir, "log")).sort(), ["2.zst", "3.zst", "4"]);
  // A commit that knows of no such files, as after a power cut, is gone on with after them: nothing is written over.
  assert.equal(readFileSync(join(dir, "log", "4"), "utf8"), `${T0.toISOString()} out one\n`);
  writeFileSync(join(dir, "out.1"), "one\ntwo\n");
  finish(dir, { keepBytes: 0 });
  assert.deepEqual(readdirSync(join(dir, "log")), ["4"]);
  assert.equal(logText(dir), "out one\nout two\n");
});

test("logs rotate by age, before the first line that comes too late, over a restart and a clock that is set back", () => {
  const day = 24 * 60 * 60 * 1000;
  const dir = spool({ "out.1": "one\n" });
  const say = (text: string, at: number) => {
    appendFileSync(join(dir, "out.1"), text);
    return withReader(dir, (reader) => reader.drain(later(at)));
  };
  const parts = () => readdirSync(join(dir, "log")).sort();
  withReader(dir, (reader) => reader.drain(T0));
  say("two\n", day - 1);
  assert.deepEqual(parts(), ["1"]);
  say("three\n", day);
  assert.deepEqual(parts(), ["1", "2"]);
  withReader(dir, (reader) => {
    reader.drain(later(3 * day));
    assert.deepEqual(parts(), ["1", "2"], "nothing was said, so nothing begins");
    appendFileSync(join(dir, "out.1"), "four\n");
    reader.drain(later(0));
    appendFileSync(join(dir, "out.1"), "five\n");
    reader.drain(later(day - 1));
    assert.deepEqual(parts(), ["1", "2"], "the clock was set back by a day, and its age with it");
    appendFileSync(join(dir, "out.1"), "six\n");
    reader.drain(later(day));
  });
  assert.deepEqual(parts(), ["1", "2", "3"]);
  const texts = logText(dir).matchAll(/ ?out (\w+)\n/g);
  assert.deepEqual(
    [...texts].map(([, text]) => text),
    ["one", "two", "three", "four", "five", "six"],
  );
});

test("a log shorter than its commit, as after a power cut, is gone on with", () => {
  const dir = spool({ "out.1": "aaaa\nbbbb\n" });
  withReader(dir, (reader) => reader.drain(T0));
  truncateSync(join(dir, "log", "1"), 34);
  appendFileSync(join(dir, "out.1"), "cccc\n");
  finish(dir);
  assert.equal(logText(dir), "out aaaa\nout cccc\n");
});

test("on a full disk nothing is consumed, and room brings everything", (t) => {
  const dir = mkdtempSync(join(root, "full-"));
  // A file system of 1 MiB in a mount namespace of its own: where user namespaces are allowed, nobody need be root.
  const onSmallDisk = (argv: readonly string[]) => {
    const mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
    return spawnSync("unshare", ["--map-root-user", "--mount", "sh", "-c", mount, dir, ...argv], { encoding: "utf8" });
  };
  const tried = onSmallDisk(["true"]);
  if (tried.status !== 0) return t.skip(`this host lets us mount nothing: ${tried.stderr.trim()}`);
  const code = `
    import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
    const { LogReader } = await import(${JSON.stringify(join(import.meta.dirname, "log-reader.ts"))});
    process.chdir(${JSON.stringify(dir)});
    writeFileSync("out.1", ${JSON.stringify(`${"x".repeat(99)}\n`)}.repeat(3000));
    const reader = new LogReader({ dir: "." });
    mkdirSync("other");
    writeFileSync("other/file", Buffer.alloc(600_000));
    const logged = () => readFileSync("log/1", "latin1").length;
    const full = [reader.finish(new Date()).full, logged()];
    rmSync("other", { recursive: true });
    const roomy = [reader.finish(new Date()).full, logged()];
    process.stdout.write(JSON.stringify({ full, roomy }));
  `;
  const { stdout, stderr } = onSmallDisk([process.execPath, "--input-type=module", "-e", code]);
  assert.equal(stderr, "");
  const stamp = T0.toISOString().length + 1;
  assert.deepEqual(JSON.parse(stdout), { full: [true, 0], roomy: [false, 3000 * (104 + stamp)] });
});

test("no line is lost, doubled or moved when the reader is killed again and again under load", async () => {
  const script = join(root, "launcher.sh");
  writeFileSync(script, LAUNCHER_SCRIPT);
  const dir = join(root, "killed");
  prepareInstance(dir, { PATH: "/usr/bin:/bin" });
  // It goes on until the file `stop` exists, so the test need not guess how fast the machine is.
  const app = `const {writeSync,existsSync}=require('fs');let n=0;(function f(){let s='';for(let i=0;i<500;i++)s+=(n++)+'\\n';writeSync(1,s);if(existsSync(${JSON.stringify(join(dir, "stop"))}))writeSync(1,'end\\n');else setTimeout(f,2)})()`;
  const [file = "", ...args] = launcherArgv(script, dir, [], [process.execPath, "-e", app]);
  const launcher = spawn(file, args, { detached: true, stdio: "ignore", env: LAUNCHER_ENV });
  const ended = once(launcher, "exit");
  const code = `const { LogReader } = await import(${JSON.stringify(join(import.meta.dirname, "log-reader.ts"))}); const r = new LogReader({ dir: ${JSON.stringify(dir)}, rotateBytes: 200000, keepFiles: 1000, keepBytes: 1e12, budget: 4096 }); process.stdout.write('r'); for (;;) r.drain(new Date())`;
  // Until the log was rotated at least once, however slow the machine is.
  for (let kill = 0; kill < 12 || (kill < 500 && !existsSync(join(dir, "log", "2"))); kill++) {
    const reader = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(reader.stdout, "data");
    for (let turn = 0; turn < 50 + (kill % 12) * 97; turn++) await new Promise((resolve) => setImmediate(resolve));
    reader.kill("SIGKILL");
    await once(reader, "exit");
  }
  writeFileSync(join(dir, "stop"), "");
  await ended;
  finish(dir, { keepFiles: 1000, keepBytes: 1e12 });
  assert.equal(existsSync(join(dir, "log", "2")), true);
  const lines = logText(dir)
    .trim()
    .split("\n")
    .map((line) => line.slice(line.indexOf(" out ") < 0 ? 4 : line.indexOf(" out ") + 5));
  assert.equal(lines.pop(), "end");
  assert.equal(
    lines.findIndex((line, index) => line !== String(index)),
    -1,
  );
});
