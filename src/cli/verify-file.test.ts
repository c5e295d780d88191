import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { eventHash, type EventRow } from "#core/event-chain.ts";
import { genesisHash } from "#core/hash-chain.ts";
import { verifyFile } from "./verify-file.ts";

function chain(count: number): EventRow[] {
  const rows: EventRow[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const details = `{"n":${seq}}`;
    const body = { seq, at: "2026-01-01T00:00:00.000Z", actor: "ada", action: "app.deploy", app: "blog" };
    const row = { ...body, target: null, outcome: "ok", details };
    rows.push({ ...row, hash: eventHash(rows.at(-1)?.hash ?? genesisHash, row) });
  }
  return rows;
}

const header = (events: number, head: string) => ({ format: "hop3-audit", version: 1, events, head });
const fileOf = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

async function verify(t: TestContext, text: string, known?: string) {
  const dir = mkdtempSync(join(tmpdir(), "hop3-audit-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "audit.ndjson"), text);
  return verifyFile("audit.ndjson", { cwd: dir, stdin: Readable.from([]) }, known);
}

const rows = chain(9);
const head = rows.at(-1)?.hash ?? "";
const whole = fileOf([header(9, head), ...rows]);

test("a whole file is whole, also when it comes by stdin, and when it is empty", async (t) => {
  assert.deepEqual(await verify(t, whole), { ok: true, seq: 9, head, why: null });
  assert.deepEqual(await verify(t, whole, rows[4]?.hash), { ok: true, seq: 9, head, why: null });
  const piped = await verifyFile(
    "-",
    { cwd: "/", stdin: Readable.from([whole.slice(0, 700), whole.slice(700)]) },
    undefined,
  );
  assert.equal(piped.ok, true);
  assert.deepEqual(await verify(t, fileOf([header(0, genesisHash)])), {
    ok: true,
    seq: 0,
    head: genesisHash,
    why: null,
  });
});

test("a change of any field of any row is found at that row", async (t) => {
  for (const [index, row] of rows.entries()) {
    for (const field of Object.keys(row) as (keyof EventRow)[]) {
      const value = field === "seq" ? 77 : field === "hash" ? "0".repeat(64) : "other";
      const changed = rows.map((one, at) => (at === index ? { ...one, [field]: value } : one));
      const verdict = await verify(t, fileOf([header(9, head), ...changed]));
      assert.equal(verdict.ok, false, `${field} of ${index + 1}`);
      assert.equal(verdict.seq, index + 1, `${field} of ${index + 1}`);
    }
  }
});

test("rows that are missing, doubled, moved, added, cut off or no rows are found, with what is wrong", async (t) => {
  const all: readonly unknown[] = rows;
  const cases: [readonly unknown[], number, RegExp][] = [
    [all.toSpliced(3, 1), 4, /missing/],
    [all.toSpliced(3, 0, rows[2]), 4, /event 3 stands in its place/],
    [all.toSpliced(3, 2, rows[4], rows[3]), 4, /missing/],
    [all.slice(0, 7), 8, /cut off/],
    [[], 1, /cut off/],
    [[...all, ...chain(10).slice(9)], 10, /beyond the end/],
    [all.toSpliced(3, 1, "x"), 4, /no event/],
    [all.toSpliced(3, 1, { ...rows[3], details: { n: 4 } }), 4, /no event/],
  ];
  for (const [changed, seq, why] of cases) {
    const verdict = await verify(t, fileOf([header(9, head), ...changed]));
    assert.equal(verdict.seq, seq, String(why));
    assert.match(verdict.why ?? "", why);
  }
  const half = await verify(t, whole.slice(0, -20));
  assert.deepEqual([half.ok, half.seq], [false, 9]);
});

test("a file that was cut off and told a new end, or made anew, is found by a hash that was noted elsewhere", async (t) => {
  const short = fileOf([header(7, rows[6]?.hash ?? ""), ...rows.slice(0, 7)]);
  assert.equal((await verify(t, short)).ok, true);
  assert.match((await verify(t, short, head)).why ?? "", /does not go through/);
});

test("what is no export is said to be none", async (t) => {
  for (const text of ["", "{}\n", "hello\n", fileOf([{ ...header(1, head), version: 2 }]), fileOf(rows)]) {
    await assert.rejects(verify(t, text), { code: "USAGE" }, text.slice(0, 40));
  }
  const terminal = { cwd: "/nowhere", stdin: Readable.from([]) };
  await assert.rejects(verifyFile("missing", terminal, undefined), { code: "USAGE" });
});
