/** Logs that are compressed while they are read, by a process that is killed at each step of it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { listLogFiles } from "#supervisor/log-files.ts";
import { compressLog } from "#supervisor/output/compress-log.ts";
import { systemClock } from "#sys/clock.ts";
import { lastLines } from "./deploy/last-lines.ts";
import { readLines } from "./follow-file.ts";
import { lastByTime } from "./last-by-time.ts";
import { endOfLines, linesBack } from "./lines-back.ts";
import { historyOf } from "./log-history.ts";
import { openLog } from "./log-bytes.ts";

const rows = 30_000;
const text = Array.from(
  { length: rows },
  (_, row) => `${new Date(Date.UTC(2026, 0, 1) + row * 1000).toISOString()} out GET /articles/${row * 7919} ü ${row}\n`,
).join("");

describe("a compressed log", () => {
  let dir: string;
  let path: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "hop3-packed-"));
  });
  after(() => rmSync(dir, { recursive: true }));

  const make = (name: string, content = text): void => {
    mkdirSync(join(dir, name), { recursive: true });
    path = join(dir, name, "1");
    writeFileSync(path, content);
  };
  const options = { clock: systemClock, signal: new AbortController().signal, fault: () => undefined };
  const pack = () => compressLog(join(path, ".."), "1", options);
  const numbers = (lines: readonly string[]) => lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  const backwards = async (end: number): Promise<string[]> => {
    const batches: string[][] = [];
    for await (const lines of linesBack(path, end)) batches.push(lines);
    return batches.toReversed().flat();
  };
  const inOrder = Array.from({ length: rows }, (_, row) => row);

  it("holds what the plain one held, takes a fraction of the disk, and any tool for zstd reads it", async () => {
    make("whole");
    assert.equal(await pack(), true);
    assert.deepEqual(readdirSync(join(path, "..")), ["1.zst"]);
    const whole = `${path}.zst`;
    assert.equal(zstdDecompressSync(readFileSync(whole)).toString(), text);
    assert.ok(statSync(whole).size < Buffer.byteLength(text) / 4, `${statSync(whole).size} bytes`);
    assert.equal(statSync(whole).mode & 0o777, 0o640);
    if (spawnSync("zstd", ["--version"]).status === 0)
      assert.equal(execFileSync("zstd", ["-dcq", whole], { encoding: "utf8", maxBuffer: 1e8 }), text);
  });

  it("is read from its end, from any offset, and by time and text, as the plain one", async () => {
    make("read");
    const from = Buffer.byteLength(text.slice(0, text.indexOf("\n", 400_000) + 1));
    const size = await endOfLines(path);
    const history = (filter: Parameters<typeof historyOf>[1], count = 5) =>
      lastByTime([historyOf([{ process: "web.1", files: [{ path }] }], filter)], count);
    const asked = async () => ({
      end: await endOfLines(path),
      offset: await readLines(path, from),
      last: await history({}),
      since: await history({ since: Date.UTC(2026, 0, 1) + 29_990_000 }, 100),
      text: await history({ grep: "/articles/7919 " }),
    });
    const plain = await asked();
    await pack();
    assert.deepEqual(await asked(), plain);
    assert.equal(plain.text.length, 1);
    assert.equal(plain.since.length, 10);
    assert.deepEqual(numbers(await backwards(size)), inOrder);
  });

  it("of nothing, of less than a frame and of bytes that are no text comes out as it went in", async () => {
    for (const [index, content] of [
      "",
      "one\n",
      Buffer.from(Array.from({ length: 700_000 }, (_, n) => n % 251)),
    ].entries()) {
      make(`odd${index}`);
      writeFileSync(path, content);
      await pack();
      await using log = await openLog(path);
      assert.equal(log?.size, content.length);
      assert.deepEqual(await log?.read(0, 1e9), Buffer.from(content));
      assert.equal((await log?.read(1e9, 2e9))?.length, 0);
    }
  });

  it("goes on being read by who follows the plain one, without a gap or a line twice", async () => {
    make("followed");
    const seen: number[] = [];
    let at = 0;
    const packing = pack();
    let isPacked = false;
    void packing.then(() => (isPacked = true));
    for (let turn = 0; ; turn += 1) {
      const lines = await readLines(path, at);
      seen.push(...numbers(lines.map((line) => line.text)));
      at = lines.at(-1)?.end ?? at;
      if (lines.length === 0) break;
      if (turn === 3) await packing;
    }
    assert.ok(isPacked && !existsSync(path));
    assert.deepEqual(seen, inOrder);
  });

  for (const point of ["half", "log-compressed", "log-renamed"]) {
    it(`is there once when its maker is killed at: ${point}`, async () => {
      make(point);
      const code = `
        const { compressLog } = await import(${JSON.stringify(join(import.meta.dirname, "../supervisor/output/compress-log.ts"))});
        const kill = () => process.kill(process.pid, "SIGKILL");
        const sleep = async () => ${point === "half" ? "kill()" : "undefined"};
        const clock = { now: () => 0, elapsed: () => 0, sleep };
        await compressLog(${JSON.stringify(join(path, ".."))}, "1", {
          clock, signal: new AbortController().signal, fault: (at) => at === ${JSON.stringify(point)} && kill(),
        });
      `;
      const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
      assert.equal(signal, "SIGKILL", stderr);
      const left = readdirSync(join(path, "..")).toSorted();
      assert.deepEqual(left, point === "log-renamed" ? ["1", "1.zst"] : ["1", "1.zst.new"]);
      mkdirSync(join(dir, "logs", point), { recursive: true });
      rmSync(join(dir, "logs"), { recursive: true });
      mkdirSync(join(dir, "logs/web.1"), { recursive: true });
      const listed = () => {
        execFileSync("cp", ["-r", join(path, ".."), join(dir, "logs/web.1/000000001-a")]);
        return listLogFiles(join(dir, "logs"));
      };
      assert.equal(listed().length, 1);
      assert.deepEqual(numbers(await backwards(await endOfLines(path))), inOrder);
      assert.equal(await pack(), true);
      assert.deepEqual(readdirSync(join(path, "..")), ["1.zst"]);
      assert.deepEqual(numbers(await backwards(await endOfLines(path))), inOrder);
    });
  }

  it("of a first try that failed still has its last words for the deploy that tells them", async () => {
    make("words");
    const plain = await lastLines(path, 20);
    await pack();
    assert.deepEqual(await lastLines(path, 20), plain);
    assert.deepEqual(numbers(plain), inOrder.slice(-20));
    assert.match(plain[0] ?? "", /^GET /);
  });

  it("that is damaged is said, and the others are read", async () => {
    make("damaged");
    await pack();
    const bytes = readFileSync(`${path}.zst`);
    bytes[1000] = (bytes[1000] ?? 0) ^ 0xff;
    writeFileSync(`${path}.zst`, bytes);
    const good = path;
    make("good", "2026-01-02T00:00:00.000Z out fine\n");
    const files = [{ path: good }, { path }];
    const lines = await lastByTime([historyOf([{ process: "web.1", files }], {})], 1_000_000);
    assert.equal(lines.at(-1)?.text, "fine");
    assert.ok(lines.length > rows / 2 && lines.length < rows, `${lines.length} lines`);
    assert.match(lines[0]?.text ?? "", /damaged/);
  });

  it("is not made on a full disk: the plain one stays, and nothing of what was begun", (t) => {
    // A file system of 1 MiB in a mount namespace of its own: where user namespaces are allowed, nobody need be root.
    const small = join(dir, "small");
    mkdirSync(small);
    const onSmallDisk = (...argv: readonly string[]) => {
      const mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
      return spawnSync("unshare", ["--map-root-user", "--mount", "sh", "-c", mount, small, ...argv], {
        encoding: "utf8",
      });
    };
    const tried = onSmallDisk("true");
    if (tried.status !== 0) return t.skip(`this host lets us mount nothing: ${tried.stderr.trim()}`);
    const code = `
      import { readdirSync, statSync, writeFileSync } from "node:fs";
      import { randomBytes } from "node:crypto";
      const { compressLog } = await import(${JSON.stringify(join(import.meta.dirname, "../supervisor/output/compress-log.ts"))});
      process.chdir(${JSON.stringify(small)});
      writeFileSync("1", randomBytes(700_000));
      const clock = { now: () => 0, elapsed: () => 0, sleep: async () => undefined };
      const options = { clock, signal: new AbortController().signal, fault: () => undefined };
      const refused = await compressLog(".", "1", options).catch(({ code }) => code);
      process.stdout.write(JSON.stringify([refused, readdirSync("."), statSync("1").size]));
    `;
    const { stdout, stderr } = onSmallDisk(process.execPath, "--input-type=module", "-e", code);
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), ["ENOSPC", ["1"], 700_000]);
  });

  it("is not made of a link, and not of what went meanwhile", async () => {
    make("gone");
    const gone = { ...options, fault: () => rmSync(path) };
    assert.equal(await compressLog(join(path, ".."), "1", gone), false);
    assert.deepEqual(readdirSync(join(path, "..")), []);
    execFileSync("ln", ["-s", join(dir, "whole/1.zst"), path]);
    await assert.rejects(pack(), { code: "ELOOP" });
  });
});
