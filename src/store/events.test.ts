import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sql } from "kysely";
import { nowhere, platformActor, type Actor } from "#core/actor.ts";
import { chainHash } from "#core/hash-chain.ts";
import { databases } from "../../test/databases.ts";
import { createApp } from "./apps.ts";
import { query, transaction, type Store } from "./db.ts";
import { appendEvent, eventHead, type EventFilter, lastEvent, lastEvents, listEvents, verifyEvents } from "./events.ts";
import { createOrg } from "./orgs.ts";

const ada: Actor = { name: "ada", ...nowhere };

async function fill(store: Store, count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) {
    await appendEvent(store, {
      actor: ada,
      action: "app.deploy",
      app: index % 2 === 0 ? "blog" : "shop",
      outcome: "ok",
      details: { index },
    });
  }
}

for (const database of databases) {
  describe(`events on ${database.name}`, () => {
    test("an event keeps what was said, and is found by app and number", async (t) => {
      const { store } = await database.open(t);
      await fill(store, 5);
      const odd = {
        actor: { ...ada, name: "x\0\ud800" },
        action: "app.env.write",
        target: "A=\u0000",
        outcome: "denied",
        details: { z: [1.5, null], a: "ü\ud800" },
      };
      const appended = await appendEvent(store, odd);
      assert.deepEqual((await listEvents(store, { after: 5 }))[0], appended);
      assert.equal(appended.app, null);
      assert.equal(appended.at, "2026-01-01T00:00:00.000Z");
      assert.deepEqual(
        (await listEvents(store, { app: "blog", after: 2, limit: 1 })).map(({ seq, details }) => ({ seq, details })),
        [{ seq: 4, details: { index: 4 } }],
      );
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 6 });
    });

    test("an event says by which credential, from where and in which request, beside its details", async (t) => {
      const { store } = await database.open(t);
      const told: string[] = [];
      const actor: Actor = {
        name: "ada",
        credential: { kind: "session", id: "0123456789abcdef", name: "laptop" },
        address: "192.0.2.7",
        requestId: "r1",
        onEvent: (outcome) => told.push(outcome),
      };
      const scale = { web: 2, address: 3 };
      await appendEvent(store, { actor, action: "app.scale", app: "blog", outcome: "ok", details: { scale } });
      const [event] = await listEvents(store);
      assert.equal(event?.actor, "ada");
      assert.deepEqual(event.details, { scale });
      const { credential, address, requestId } = actor;
      assert.deepEqual(event.origin, { credential, address, requestId });
      assert.deepEqual(told, ["ok"]);
      await appendEvent(store, { actor: platformActor, action: "x", outcome: "ok" });
      assert.deepEqual((await listEvents(store, { after: 1 }))[0]?.origin, nowhere);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 2 });
    });

    test("an event belongs to the organisation of who did it, or of its app, and cannot be moved to another unseen", async (t) => {
      const { store } = await database.open(t);
      await createOrg(store, "guests");
      await createApp(store, "theirs", "guests");
      await appendEvent(store, { actor: { ...ada, org: "guests" }, action: "app.deploy", outcome: "ok" });
      await appendEvent(store, { actor: platformActor, action: "app.crash-loop", app: "theirs", outcome: "over" });
      await appendEvent(store, { actor: ada, action: "app.deploy", app: "blog", outcome: "ok" });
      const seqs = async (org: string) => (await lastEvents(store, { org }, 10)).map(({ seq }) => seq);
      assert.deepEqual(await seqs("guests"), [1, 2]);
      assert.deepEqual(await seqs("default"), [3]);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 3 });
      await query(store).updateTable("events").set({ org: "default" }).where("seq", "=", 2).execute();
      assert.deepEqual(await verifyEvents(store), { ok: false, seq: 2, why: "it is another organisation's" });
    });

    test("events are found by app, user, action, time and outcome", async (t) => {
      const { store, clock } = await database.open(t);
      const vi: Actor = { ...ada, name: "vi" };
      await appendEvent(store, { actor: ada, action: "app.env.change", app: "blog", outcome: "ok" });
      await appendEvent(store, { actor: vi, action: "app.env", app: "blog", outcome: "DENIED" });
      clock.advance(60_000);
      const since = new Date(clock.now()).toISOString();
      await appendEvent(store, { actor: vi, action: "app.envy", app: "shop", outcome: "ok" });
      await appendEvent(store, { actor: ada, action: "app.destroy", app: "shop", outcome: "RATE_LIMITED" });
      const found = async (filter: EventFilter) => (await lastEvents(store, filter, 10)).map(({ seq }) => seq);
      assert.deepEqual(await found({ app: "blog" }), [1, 2]);
      assert.deepEqual(await found({ actor: "vi" }), [2, 3]);
      assert.deepEqual(await found({ action: "app.env" }), [1, 2]);
      assert.deepEqual(await found({ action: "app" }), [1, 2, 3, 4]);
      assert.deepEqual(await found({ action: "app.%" }), []);
      assert.deepEqual(await found({ since }), [3, 4]);
      assert.deepEqual(await found({ refusedOnlyTo: "vi" }), [1, 2, 3]);
      assert.deepEqual(
        (await lastEvents(store, {}, 2)).map(({ seq }) => seq),
        [3, 4],
      );
      assert.deepEqual(
        (await listEvents(store, { actor: "vi", after: 2 })).map(({ seq }) => seq),
        [3],
      );
    });

    test("a hash that was noted elsewhere shows a log that was made anew, and one that was cut off with its head", async (t) => {
      const { store } = await database.open(t);
      await fill(store, 3);
      const { hash: noted } = await eventHead(store);
      await fill(store, 2);
      assert.deepEqual(await verifyEvents(store, noted), { ok: true, count: 5 });
      const [, second] = await listEvents(store);
      assert.ok(second);
      await query(store).deleteFrom("events").where("seq", ">", 2).execute();
      await query(store).updateTable("event_head").set({ seq: 2, hash: second.hash }).execute();
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 2 });
      const verdict = await verifyEvents(store, noted);
      assert.deepEqual(verdict, { ok: false, seq: 2, why: "the log does not go through the hash that was noted" });
    });

    test("the last ones of an app, and the last of a kind, are found", async (t) => {
      const { store } = await database.open(t);
      await fill(store, 9);
      const web = { actor: platformActor, action: "app.crash-loop", app: "blog", target: "web.1" };
      for (const outcome of ["restarting", "over"]) await appendEvent(store, { ...web, outcome });
      assert.deepEqual(
        (await lastEvents(store, { app: "blog" }, 3)).map(({ seq }) => seq),
        [8, 10, 11],
      );
      assert.deepEqual(await lastEvents(store, { app: "none" }, 3), []);
      assert.equal((await lastEvent(store, web))?.outcome, "over");
      assert.equal(await lastEvent(store, { ...web, target: "web.2" }), undefined);
    });

    test("an empty log is whole", async (t) => {
      const { store } = await database.open(t);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 0 });
    });

    test("two writers make one chain", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      await Promise.all([fill(store, 20), fill(second, 20)]);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 40 });
      assert.equal(new Set((await listEvents(store)).map((event) => event.hash)).size, 40);
    });

    test("an event of a transaction that fails leaves no trace", async (t) => {
      const { store } = await database.open(t);
      await fill(store, 1);
      const failing = transaction(store, async (tx) => {
        await appendEvent(tx, { actor: ada, action: "app.destroy", outcome: "ok" });
        throw new RangeError("no");
      });
      await assert.rejects(failing, RangeError);
      await fill(store, 1);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 2 });
    });

    test("a chain longer than a page is walked to its end", async (t) => {
      const { store } = await database.open(t);
      await transaction(store, async (tx) => {
        for (let index = 0; index < 1100; index += 1)
          await appendEvent(tx, { actor: platformActor, action: "tick", outcome: "ok" });
      });
      let turns = 0;
      const others = setInterval(() => (turns += 1), 0);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 1100 });
      clearInterval(others);
      assert.ok(turns > 0, "others have their turns meanwhile");
    });

    const tampering: readonly { what: string; seq: number; how: (store: Store) => Promise<unknown> }[] = [
      ...(["at", "actor", "action", "app", "target", "outcome", "details", "hash"] as const).map((column) => ({
        what: `a changed ${column}`,
        seq: 3,
        how: (store: Store) =>
          query(store)
            .updateTable("events")
            .set({ [column]: "{}" })
            .where("seq", "=", 3)
            .execute(),
      })),
      {
        what: "a removed event",
        seq: 3,
        how: (store) => query(store).deleteFrom("events").where("seq", "=", 3).execute(),
      },
      {
        what: "a cut-off end",
        seq: 4,
        how: (store) => query(store).deleteFrom("events").where("seq", ">=", 4).execute(),
      },
      {
        what: "two events that changed places",
        seq: 3,
        how: async (store) => {
          await sql`update events set seq = 99 where seq = 3`.execute(query(store));
          await sql`update events set seq = 3 where seq = 4`.execute(query(store));
          await sql`update events set seq = 4 where seq = 99`.execute(query(store));
        },
      },
      {
        what: "an event made up with a hash that fits it",
        seq: 4,
        how: async (store) => {
          const [, , third] = await listEvents(store);
          assert.ok(third);
          const hash = chainHash("0".repeat(64), "made up");
          await query(store).updateTable("events").set({ actor: "eve", hash }).where("seq", "=", 3).execute();
          const { at, action, app, target, outcome } = third;
          const previous = (await listEvents(store))[1]?.hash ?? "";
          const body = `{"action":"${action}","actor":"eve","app":"${app}","at":"${at}","details":"{\\"index\\":3}","outcome":"${outcome}","seq":3,"target":${JSON.stringify(target)}}`;
          await query(store)
            .updateTable("events")
            .set({ hash: chainHash(previous, body) })
            .where("seq", "=", 3)
            .execute();
        },
      },
      {
        what: "a head that was set back with the end cut off",
        seq: 3,
        how: async (store) => {
          await query(store).deleteFrom("events").where("seq", ">", 3).execute();
          await query(store).updateTable("event_head").set({ seq: 3 }).execute();
        },
      },
      {
        what: "a missing head",
        seq: 0,
        how: (store) => query(store).deleteFrom("event_head").execute(),
      },
    ];
    for (const { what, seq, how } of tampering) {
      test(`${what} is found at ${seq}`, async (t) => {
        const { store } = await database.open(t);
        await fill(store, 5);
        await how(store);
        const verdict = await verifyEvents(store);
        assert.equal(verdict.ok, false);
        assert.equal(verdict.seq, seq);
      });
    }
  });
}
