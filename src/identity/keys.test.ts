import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { listEvents } from "#store/events.ts";
import { createUser, deleteUser, setDisabled } from "#store/users.ts";
import { reloadPrincipal } from "./authenticate.ts";
import { addKey, authenticateKey, keysOf, principalOfKey, removeKey } from "./keys.ts";
import { askerOf } from "./testing.ts";

/** A key of 32 bytes of one value. */
function keyLine(byte: number, comment = "ada@laptop"): string {
  const field = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, byte))]);
  return `ssh-ed25519 ${blob.toString("base64")} ${comment}`;
}

for (const database of databases) {
  describe(`SSH keys on ${database.name}`, () => {
    test("a key lets in its user and nobody else, as long as both are there", async (t) => {
      const { store } = await database.open(t);
      for (const name of ["ada", "eve"]) await createUser(store, name, "developer");
      const ada = await askerOf(store, "ada");
      const eve = await askerOf(store, "eve");
      const { fingerprint, name } = await addKey(store, ada, { key: keyLine(1), name: undefined });
      assert.equal(name, "ada@laptop");
      const found = await authenticateKey(store, fingerprint, "192.0.2.1");
      assert.deepEqual(
        [found.name, found.credential, found.scope, found.address],
        [
          "ada",
          { id: fingerprint, kind: "key", name: "ada@laptop", expiresAt: null },
          { actions: null, apps: null },
          "192.0.2.1",
        ],
      );
      // It is no bearer secret, and no token of that id is found.
      assert.equal(await reloadPrincipal(store, found), undefined);
      await assert.rejects(addKey(store, eve, { key: keyLine(1), name: "mine" }), { code: "CONFLICT" });
      await assert.rejects(removeKey(store, eve, fingerprint), { code: "NOT_FOUND" });
      assert.deepEqual(await keysOf(store, eve.principal), []);
      await setDisabled(store, "ada", true);
      await assert.rejects(authenticateKey(store, fingerprint, undefined), { code: "UNAUTHENTICATED" });
      await setDisabled(store, "ada", false);
      await removeKey(store, ada, fingerprint);
      assert.equal(await principalOfKey(store, fingerprint, undefined), undefined);
      const again = await addKey(store, ada, { key: keyLine(1), name: "again" });
      await deleteUser(store, "ada");
      await assert.rejects(authenticateKey(store, again.fingerprint, undefined), { code: "UNAUTHENTICATED" });
      const told = (await listEvents(store)).filter(({ action }) => action.startsWith("key."));
      assert.deepEqual(
        told.map(({ actor, action, target }) => [actor, action, target]),
        [
          ["ada", "key.add", fingerprint],
          ["ada", "key.remove", fingerprint],
          ["ada", "key.add", fingerprint],
        ],
      );
    });

    test("what is bound more closely than a key adds none", async (t) => {
      const { store, clock } = await database.open(t);
      await createUser(store, "ada", "admin");
      const expiresAt = new Date(clock.now() + 3_600_000).toISOString();
      for (const limits of [
        { actions: ["account.write"] },
        { apps: ["blog"] },
        { expiresAt },
        { addresses: ["192.0.2.0/24"] },
      ] as const) {
        const bound = await askerOf(store, "ada", limits);
        await assert.rejects(
          addKey(store, bound, { key: keyLine(2), name: "x" }),
          { code: "DENIED" },
          JSON.stringify(limits),
        );
      }
      // A session is the person, who may make what lasts.
      const session = await askerOf(store, "ada", { kind: "session", expiresAt, idleSeconds: 60 });
      await addKey(store, session, { key: keyLine(2), name: "x" });
    });

    test("names are of one key each, and what a comment may not be is made a name", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "member");
      const ada = await askerOf(store, "ada");
      await addKey(store, ada, { key: keyLine(1), name: "laptop" });
      await assert.rejects(addKey(store, ada, { key: keyLine(2), name: "laptop" }), { code: "CONFLICT" });
      const odd = await addKey(store, ada, { key: keyLine(3, "my laptop; $(id) \u{1f511}"), name: undefined });
      assert.match(odd.name, /^[\w@.+-]{1,64}$/);
      assert.equal((await addKey(store, ada, { key: keyLine(4, ""), name: undefined })).name, "key");
    });
  });
}
