import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually, logText, makeBench, testOptions } from "./bench.ts";
import { keepLogsWithin } from "./log-budget.ts";
import { forgetOldRuns, listLogFiles, nextRunName } from "./log-files.ts";

const part = 100 * 1024;

describe("all logs of an app together", () => {
  let root: string;
  let said: string[];
  const logs = () => ({ root, below: ["blog", "log"] });
  const write = (process: string, run: string, ...numbers: number[]) => {
    const directory = join(root, "blog/log", process, run);
    mkdirSync(directory, { recursive: true });
    for (const number of numbers) writeFileSync(join(directory, String(number)), "x".repeat(part));
  };
  const left = () =>
    listLogFiles(join(root, "blog/log")).map(({ process, run, part: number }) => `${process}/${run}/${number}`);
  const keep = (parts: number, ...inUse: string[]) =>
    keepLogsWithin(
      logs(),
      parts * part,
      (run) => inUse.includes(run),
      (message) => void said.push(message),
    );

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hop3-logs-"));
    mkdirSync(join(root, "blog/log"), { recursive: true });
    said = [];
  });
  afterEach(() => {
    assert.deepEqual(said, []);
    rmSync(root, { recursive: true });
  });

  it("lose their oldest files, of the runs that ended before those under way, and directories with nothing left", () => {
    write("web.1", "000000001-a", 1, 2);
    write("web.2", "000000002-b", 7, 8, 10);
    write("web.1", "000000003-c", 1);
    write("old.1", "000000000-d", 1);
    keep(100);
    assert.equal(left().length, 7);
    keep(5, "000000001-a", "000000003-c");
    assert.deepEqual(left(), [
      "web.1/000000001-a/1",
      "web.1/000000001-a/2",
      "web.1/000000003-c/1",
      "web.2/000000002-b/8",
      "web.2/000000002-b/10",
    ]);
    assert.ok(!existsSync(join(root, "blog/log/old.1")));
    keep(3, "000000001-a", "000000003-c");
    assert.deepEqual(left(), ["web.1/000000001-a/1", "web.1/000000001-a/2", "web.1/000000003-c/1"]);
    assert.ok(!existsSync(join(root, "blog/log/web.2")));
  });

  it("count what they take of the disk: a compressed file is a fraction, and goes whole", () => {
    write("web.1", "000000001-a", 1, 2, 3);
    const directory = join(root, "blog/log/web.1/000000001-a");
    for (const number of [1, 2]) renameSync(join(directory, String(number)), join(directory, `${number}.zst`));
    truncateSync(join(directory, "1.zst"), part / 4);
    writeFileSync(join(directory, "2"), "x".repeat(part));
    keep(3.3, "000000001-a");
    assert.deepEqual(readdirSync(directory).toSorted(), ["1.zst", "2", "2.zst", "3"]);
    keep(3, "000000001-a");
    assert.deepEqual(readdirSync(directory).toSorted(), ["2", "2.zst", "3"]);
    keep(2, "000000001-a");
    assert.deepEqual(readdirSync(directory).toSorted(), ["3"]);
  });

  it("never lose what is being written", () => {
    write("web.1", "000000001-a", 1, 2, 3);
    write("web.2", "000000002-b", 1);
    keep(0, "000000001-a", "000000002-b");
    assert.deepEqual(left(), ["web.1/000000001-a/3", "web.2/000000002-b/1"]);
  });

  it("are the app's own: no link is followed, and what is no log is left alone", () => {
    const outside = mkdtempSync(join(tmpdir(), "hop3-logs-"));
    writeFileSync(join(outside, "1"), "x".repeat(part));
    write("web.1", "000000001-a", 1);
    symlinkSync(outside, join(root, "blog/log/web.1/000000000-x"));
    symlinkSync(outside, join(root, "blog/log/web.9"));
    writeFileSync(join(root, "blog/log/note"), "mine");
    keep(0);
    assert.ok(existsSync(join(outside, "1")) && existsSync(join(root, "blog/log/note")));
    rmSync(outside, { recursive: true });
  });

  it("keep the order of their runs when the clock is set back, and the newest stay", () => {
    const hour = 60 * 60 * 1000;
    const names: string[] = [];
    for (let turn = 0; turn < 26; turn += 1) {
      const now = 2 * hour + turn * 1000 - (turn >= 4 ? hour : 0);
      const name = nextRunName(logs(), "web.1", now, `id${turn}`);
      write("web.1", name, 1);
      names.push(name);
    }
    assert.deepEqual(names.toSorted(), names);
    forgetOldRuns(logs(), "web.1", () => false);
    assert.deepEqual(readdirSync(join(root, "blog/log/web.1")).toSorted(), names.slice(-20));
    keep(2);
    assert.deepEqual(
      left(),
      names.slice(-2).map((name) => `web.1/${name}/1`),
    );
  });
});

describe("an app that talks without end", () => {
  it("takes no more of the disk than its logs may, and its last words are there", async () => {
    const bench = makeBench();
    try {
      const budget = 15_000_000;
      const base = testOptions(bench.layout);
      await bench.start({ limits: { ...base.limits, appLogBytes: budget } });
      const talk = "head -c 45000000 /dev/zero | tr '\\0' x | fold -w 200; echo; echo the last word; exec sleep 1000";
      bench.release("blog", 1, { worker: { command: talk } });
      await bench.client.call("app.start", { app: "blog", release: 1 });
      let most = 0;
      const taken = () =>
        Number(
          execFileSync("du", ["-s", "--block-size=1", bench.layout.appLogs("blog")], { encoding: "utf8" }).split(
            "\t",
          )[0],
        );
      const lastWords = () => logText(bench, "blog").split(" out the last word\n").length - 1;
      await eventually(
        () => {
          most = Math.max(most, taken());
          return lastWords() === 1;
        },
        "it has said all",
        60_000,
      );
      // Beside the budget a file is under way: 10 MB, and what one turn may add.
      assert.ok(most < budget + 11_000_000, `${most} bytes`);
      assert.ok(most > 10_000_000, "it was cut although it had room");
      assert.ok(lstatSync(bench.layout.appLogs("blog")).isDirectory());
    } finally {
      await bench.clean();
    }
  });
});
