/**
 * The attack table (docs/security/attacks.md): every attempt from every stage of an app is refused, or is named with the
 * wall that is missing. `node test/attack/attacks.test.ts --write` writes the page.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { logText } from "#supervisor/bench.ts";
import { withoutSystemMode } from "#supervisor/testing-walled.ts";
import { makeAttackBench, stages, type AttackBench, type Stage, type Tries } from "./bench.ts";
import { breaches, tableOf } from "./table.ts";

/** What root of a host that is itself a container, or has a kernel without modules, may not either. */
const refusedToRoot = [
  "limits",
  "oom-score",
  "module",
  "kexec",
  "real-time",
  "clock",
  "other-calls",
  "swap",
  "kernel-files",
];

const page = fileURLToPath(new URL("../../docs/security/attacks.md", import.meta.url));
const marks = ["<!-- table -->", "<!-- end of table -->"] as const;

describe("an app that attacks", { skip: withoutSystemMode() }, () => {
  let bench: AttackBench;
  let outside: Tries;
  const from = new Map<Stage, Tries>();
  before(async () => {
    bench = await makeAttackBench();
    outside = await bench.attackFrom("outside");
    for (const stage of stages) from.set(stage, await bench.attackFrom(stage));
    process.stdout.write(`${tableOf({ outside, from })}\n`);
  });
  after(() => bench.clean());

  it("makes attempts that succeed where there are no walls, so that no row is empty", () => {
    const failed = [...outside].flatMap(([name, { succeeded, how }]) => (succeeded ? [] : [`${name}: ${how}`]));
    assert.deepEqual(
      failed.filter((one) => !refusedToRoot.includes(one.slice(0, one.indexOf(":")))),
      [],
    );
  });

  for (const stage of stages) {
    it(`succeeds with none from its ${stage}, but where a wall is named as missing`, () => {
      const tries = from.get(stage) ?? assert.fail();
      // What only some stages have (a socket, an output that is a FIFO) is left out in others.
      assert.ok(tries.size >= outside.size - 3, `only ${tries.size} of ${outside.size} were made`);
      const missing = bench.missing.map(({ wall }) => wall);
      assert.deepEqual(breaches(tries, missing), []);
    });
  }

  it("leaves the one that it attacks, and the supervisor, as they were", async () => {
    const { apps } = await bench.client.call("status", {});
    const victim = apps.find(({ app }) => app === "shop")?.instances[0];
    assert.deepEqual([victim?.state, victim?.restarts], ["ready", 0]);
  });

  it("forges no line of its log", () => {
    const told = `${logText(bench, "blog")}${readFileSync(bench.layout.buildLog("blog", 2), "utf8")}`;
    const forged = told.split("\n").filter((line) => line.includes("sys forged"));
    assert.ok(forged.length > 0);
    for (const line of forged) assert.match(line, /^\S+Z out [^]*sys forged$/);
  });

  it("finds what its page says", (t) => {
    const table = `${marks[0]}\n\n${tableOf({ outside, from })}\n\n${marks[1]}`;
    const text = readFileSync(page, "utf8");
    const [begin, end] = [text.indexOf(marks[0]), text.indexOf(marks[1]) + marks[1].length];
    if (process.argv.includes("--write")) writeFileSync(page, text.slice(0, begin) + table + text.slice(end));
    else if (bench.missing.length === 0) assert.equal(text.slice(begin, end), table);
    else t.diagnostic(`not compared, for this host lacks ${bench.missing.map(({ wall }) => wall).join(", ")}`);
  });
});
