import assert from "node:assert/strict";
import { spawnSync, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";

it("what the starter left open is closed, and nothing else", () => {
  const left = openSync("/dev/null", "r");
  const module = join(import.meta.dirname, "inherited.ts");
  const code = `
    const { closeInherited } = await import(${JSON.stringify(module)});
    const { spawnSync } = await import("node:child_process");
    const list = () => spawnSync("/bin/ls", ["/proc/self/fd"], { stdio: ["ignore", "pipe", "ignore"] }).stdout.toString();
    const before = list();
    const closed = closeInherited();
    console.log(JSON.stringify({ before, closed, after: list() }));`;
  // Node itself sees to the lowest numbers.
  const stdio: StdioOptions = [
    "ignore",
    "pipe",
    "inherit",
    ...Array.from({ length: 57 }, () => "ignore" as const),
    left,
  ];
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { stdio });
  closeSync(left);
  assert.equal(status, 0);
  const { before, closed, after } = JSON.parse(stdout.toString()) as {
    before: string;
    closed: number[];
    after: string;
  };
  assert.match(before, /^60$/m);
  assert.ok(closed.includes(60));
  // ls itself has the directory open as the first free number.
  assert.equal(after, "0\n1\n2\n3\n");
});
