import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { diskUsage } from "./disk-usage.ts";

const atOnce = async () => undefined;

describe("what a directory takes of the disk", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "hop3-usage-"));
  });
  afterEach(() => {
    execFileSync("chmod", ["-R", "u+rwx", dir]);
    rmSync(dir, { recursive: true });
  });
  /** As `du` counts, on which people check us. */
  const du = (...paths: string[]) =>
    execFileSync("du", ["-s", "-x", "-c", "--block-size=1", ...paths], { encoding: "utf8" })
      .split("\n")
      .map((line) => Number(line.split("\t")[0]))
      .at(-2);

  it("is what du says, with folders, links and names of any bytes", async () => {
    mkdirSync(join(dir, "a/b"), { recursive: true });
    for (let turn = 0; turn < 100; turn += 1) writeFileSync(join(dir, "a/b", `file-${turn}`), "x".repeat(turn * 100));
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/a/`), Buffer.from([0xff, 0xfe])]), "x".repeat(50_000));
    symlinkSync("/usr", join(dir, "a/link"));
    symlinkSync("a", join(dir, "to-a"));
    const usage = await diskUsage(dir, atOnce);
    assert.deepEqual(usage, { bytes: du(dir), files: 106, unreadable: 0 });
  });

  it("counts what is linked several times once, in several walks, too", async () => {
    for (const one of ["one", "two"]) mkdirSync(join(dir, one));
    writeFileSync(join(dir, "one/file"), "x".repeat(1_000_000));
    linkSync(join(dir, "one/file"), join(dir, "one/again"));
    linkSync(join(dir, "one/file"), join(dir, "two/file"));
    const seen = new Set<string>();
    const first = await diskUsage(join(dir, "one"), atOnce, seen);
    const second = await diskUsage(join(dir, "two"), atOnce, seen);
    assert.equal(first.bytes + second.bytes, du(join(dir, "one"), join(dir, "two")));
    assert.ok(second.bytes < 500_000);
  });

  it("follows no link, not even at its start, and a file or nothing is no folder", async () => {
    symlinkSync("/usr", join(dir, "link"));
    assert.equal((await diskUsage(join(dir, "link"), atOnce)).files, 1);
    writeFileSync(join(dir, "file"), "text");
    assert.equal((await diskUsage(join(dir, "file"), atOnce)).files, 1);
    assert.deepEqual(await diskUsage(join(dir, "none"), atOnce), { bytes: 0, files: 0, unreadable: 0 });
  });

  it("tells what it may not look at: a path longer than the kernel takes ends nothing", async () => {
    // From the inside out: no step has a long path.
    const name = "d".repeat(60);
    const deep = `mkdir a && for i in $(seq 1 80); do mkdir b && mv a b/${name} && mv b a || exit 1; done`;
    execFileSync("/bin/sh", ["-c", deep], { cwd: dir });
    const usage = await diskUsage(dir, atOnce);
    assert.equal(usage.unreadable, 1);
    assert.ok(usage.files > 60);
    execFileSync("rm", ["-rf", join(dir, "a")]);
  });

  it("rests while it goes", async () => {
    for (let turn = 0; turn < 4100; turn += 1) writeFileSync(join(dir, String(turn)), "");
    let rests = 0;
    await diskUsage(dir, async () => void (rests += 1));
    assert.equal(rests, 2);
  });
});
