import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openAppUsers, type AppUsers } from "./app-users.ts";
import { hostTool } from "./host-tool.ts";
import { withoutRoot } from "./walls/testing.ts";

// The host's own tools, on files of their own.
describe("users of apps", { skip: withoutRoot("/usr/sbin/useradd") }, () => {
  let prefix: string;
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), "hop3-users-"));
    mkdirSync(join(prefix, "etc"));
    writeFileSync(join(prefix, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nguest:x:70001:100::/:/bin/sh\n");
    writeFileSync(join(prefix, "etc/group"), "root:x:0:\nguests:x:70002:\n");
    for (const name of ["shadow", "gshadow"]) writeFileSync(join(prefix, "etc", name), "");
    writeFileSync(join(prefix, "etc/login.defs"), "UID_MIN 1000\nUID_MAX 60000\n");
  });
  afterEach(() => rmSync(prefix, { recursive: true }));

  const open = (fault?: (point: string) => void, range = { first: 70_000, last: 79_999 }): AppUsers =>
    openAppUsers({ file: join(prefix, "users.json"), tool: hostTool, prefix, range, ...(fault && { fault }) });
  const lines = (file: string): string[] =>
    readFileSync(join(prefix, "etc", file), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("hop3-"));

  it("are made with a group of the same number, cannot log in, and name their app", async () => {
    const users = open();
    assert.equal(await users.make("shop"), 70_000);
    assert.deepEqual(lines("passwd"), ["hop3-70000:x:70000:70000:Hop3 app shop:/nonexistent:/usr/sbin/nologin"]);
    assert.deepEqual(lines("group"), ["hop3-70000:x:70000:"]);
    assert.match(lines("shadow")[0] ?? "", /^hop3-70000:!/);
  });

  it("never take a number that the host has given to somebody else", async () => {
    const users = open();
    // 70001 is a user of the host's, 70002 a group.
    assert.deepEqual(await Promise.all(["a1", "b1", "a1"].map((app) => users.make(app))), [70_000, 70_003, 70_000]);
  });

  it("are the same for the next supervisor, and a number is not given out again at once", async () => {
    const users = open();
    await users.make("shop");
    await users.remove("shop");
    assert.deepEqual([lines("passwd"), lines("group"), lines("shadow"), lines("gshadow")], [[], [], [], []]);
    assert.equal(users.of("shop"), undefined);
    assert.equal(await users.make("blog"), 70_003);
    assert.equal(open().of("blog"), 70_003);
    await open().remove("never-made");
  });

  it("come to an end, and begin anew where some were removed", async () => {
    const users = open(undefined, { first: 70_003, last: 70_004 });
    await users.make("a1");
    await users.make("b1");
    await assert.rejects(users.make("c1"), { code: "conflict" });
    await users.remove("a1");
    assert.equal(await users.make("c1"), 70_003);
  });

  for (const point of ["user-noted", "group-made"]) {
    it(`whose making ends at ${point} are whole after the next try`, async () => {
      const dying = open((at) => {
        if (at === point) throw new Error("killed");
      });
      await assert.rejects(dying.make("shop"), { message: "killed" });
      const next = open();
      assert.equal(await next.make("shop"), 70_000);
      assert.equal(lines("passwd").length, 1);
      assert.equal(lines("group").length, 1);
    });
  }

  for (const point of ["user-removed", "group-removed"]) {
    it(`whose removal ends at ${point} are gone after the next try`, async () => {
      await open().make("shop");
      const dying = open((at) => {
        if (at === point) throw new Error("killed");
      });
      await assert.rejects(dying.remove("shop"), { message: "killed" });
      await open().remove("shop");
      assert.deepEqual([lines("passwd"), lines("group")], [[], []]);
      assert.equal(open().of("shop"), undefined);
    });
  }

  it("are not guessed from a damaged file, nor from a newer one", () => {
    for (const bad of [
      '{"version":2,"next":70000,"apps":{}}',
      '{"version":1,"next":70000,"apps":{"a1":70000,"b1":70000}}',
    ]) {
      writeFileSync(join(prefix, "users.json"), bad);
      assert.throws(() => open(), { code: "invalid" });
    }
    writeFileSync(join(prefix, "users.json"), '{"version":1,"next":70000,"apps":{"shop":0}}');
    assert.throws(() => open(), /70000 to 79999/);
  });
});
