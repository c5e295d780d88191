import assert from "node:assert/strict";
import { test } from "node:test";
import { nowhere, type Actor } from "#core/actor.ts";
import { refusalLimits, refusalLog, type AuditEntry } from "./refusals.ts";

function setUp() {
  let time = 0;
  const rows: AuditEntry[] = [];
  const log = refusalLog(
    async (entry) => void rows.push(entry),
    () => time,
  );
  return { rows, log, pass: (ms: number) => void (time += ms) };
}

const from = (address: string): Actor => ({ name: "nobody", ...nowhere, address, requestId: "r" });
const ada: Actor = {
  name: "ada",
  ...nowhere,
  credential: { kind: "token", id: "t1", name: null },
  address: "192.0.2.1",
};
const denied = (actor: Actor, app: string): AuditEntry => ({ actor, action: "app.stop", app, outcome: "DENIED" });

test("a refusal is told at once, its repeats of a minute in one row with their number", async () => {
  const { rows, log, pass } = setUp();
  for (let time = 0; time < 1000; time += 1) await log.add(denied(ada, "blog"));
  assert.equal(rows.length, 1);
  await log.flush();
  assert.equal(rows.length, 1, "its minute is not over");
  pass(refusalLimits.sameMs);
  await log.flush();
  assert.deepEqual(rows[1]?.details, { times: 999 });
  assert.equal(rows[1]?.actor.requestId, null);
  await log.add(denied(ada, "blog"));
  assert.equal(rows.length, 3);
});

test("the repeats are told when the next one comes, without waiting for the timer", async () => {
  const { rows, log, pass } = setUp();
  await log.add(denied(ada, "blog"));
  await log.add(denied(ada, "blog"));
  pass(refusalLimits.sameMs);
  await log.add(denied(ada, "blog"));
  assert.deepEqual(
    rows.map(({ details }) => details),
    [undefined, { times: 1 }, undefined],
  );
});

test("a scan of everything without a credential is one refusal for each address", async () => {
  const { rows, log } = setUp();
  for (const action of ["app.list", "app.env.read", "system.logs"]) {
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      await log.add({ actor: from(address), action, outcome: "UNAUTHENTICATED" });
    }
  }
  assert.equal(rows.length, 2);
});

test("a day of different refusals cannot fill the disk: 100 rows, then 10 a minute and one that counts the rest", async () => {
  const { rows, log, pass } = setUp();
  let told = 0;
  const minutes = 60;
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let index = 0; index < 500; index += 1) await log.add(denied(from(`10.0.${minute}.${index}`), "blog"));
    pass(refusalLimits.sameMs);
    await log.flush();
  }
  assert.ok(rows.length <= refusalLimits.burst + minutes * (refusalLimits.perMinute + 1), `${rows.length} rows`);
  for (const { details } of rows) told += Number(details?.["refusals"] ?? 1);
  assert.equal(told, minutes * 500, "every refusal is a row or is counted by one");
});

test("who is loud does not hide who is not: a user's refusals have rows of their own", async () => {
  const { rows, log } = setUp();
  for (let index = 0; index < 500; index += 1) await log.add(denied(from(`10.0.0.${index}`), "blog"));
  await log.add(denied(ada, "blog"));
  assert.equal(rows.at(-1)?.actor.name, "ada");
});

test("when the server closes, what was counted is written", async () => {
  const { rows, log } = setUp();
  for (let time = 0; time < 3; time += 1) await log.add(denied(ada, "blog"));
  await log.flush(true);
  assert.deepEqual(rows[1]?.details, { times: 2 });
});
