import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { writeAppNames } from "./app-names.ts";

it("an app sees itself among the users and no other app", () => {
  const directory = mkdtempSync(join(tmpdir(), "hop3-names-"));
  try {
    const own = writeAppNames(directory, { uid: 70_001, apps: 988, home: "/var/lib/hop3/apps/shop/home" });
    const lines = readFileSync(join(own, "passwd"), "utf8").split("\n");
    assert.ok(lines.includes("hop3-70001:x:70001:70001::/var/lib/hop3/apps/shop/home:/bin/sh"));
    assert.equal(lines.filter((line) => line.startsWith("hop3-")).length, 1);
    assert.match(readFileSync(join(own, "group"), "utf8"), /^hop3-70001:x:70001:$/m);
    assert.match(readFileSync(join(own, "group"), "utf8"), /^hop3-apps:x:988:hop3-70001$/m);
    for (const name of ["passwd", "group"]) assert.equal(statSync(join(own, name)).mode & 0o777, 0o644);
    writeAppNames(directory, { uid: 70_001, apps: 988, home: "/a:b" });
    assert.match(readFileSync(join(own, "passwd"), "utf8"), /^hop3-70001:x:70001:70001::\/:\/bin\/sh$/m);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
