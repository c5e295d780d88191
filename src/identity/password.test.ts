import assert from "node:assert/strict";
import { argon2Sync } from "node:crypto";
import { test } from "node:test";
import { checkNewPassword, createPasswords, standardCost, type Cost } from "./password.ts";

const cheap: Cost = { memory: 64, passes: 1, parallelism: 1 };

test("argon2id of Node gives what RFC 9106 says", () => {
  const tag = argon2Sync("argon2id", {
    message: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(16, 2),
    secret: Buffer.alloc(8, 3),
    associatedData: Buffer.alloc(12, 4),
    parallelism: 4,
    tagLength: 32,
    memory: 32,
    passes: 3,
  });
  // https://www.rfc-editor.org/rfc/rfc9106#section-5.3
  assert.equal(tag.toString("hex"), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
});

test("a password fits its own hash, a PHC string with the stated cost and a salt of its own", async () => {
  const passwords = createPasswords();
  const [stored, again] = [
    await passwords.hash("correct horse battery"),
    await passwords.hash("correct horse battery"),
  ];
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(stored, again);
  assert.deepEqual(await passwords.verify(stored, "correct horse battery"), { ok: true, outdated: false });
  assert.deepEqual(await passwords.verify(stored, "correct horse batterx"), { ok: false, outdated: false });
});

test("the same letters typed with other code points are the same password", async () => {
  const passwords = createPasswords({ cost: cheap });
  const stored = await passwords.hash("Stra\u00dfe \u00fcber Br\u00fccke");
  assert.equal((await passwords.verify(stored, "Stra\u00dfe u\u0308ber Bru\u0308cke")).ok, true);
});

test("a hash of another cost fits and is said to be outdated", async () => {
  const stored = await createPasswords({ cost: cheap }).hash("correct horse battery");
  const passwords = createPasswords();
  assert.deepEqual(await passwords.verify(stored, "correct horse battery"), { ok: true, outdated: true });
  assert.deepEqual(await passwords.verify(stored, "correct horse"), { ok: false, outdated: false });
});

test("unknown user, no password, an unreadable hash and a wrong password cost one hash of the same parameters", async () => {
  const paid: Cost[] = [];
  const passwords = createPasswords({
    derive: async (_, salt, cost) => {
      paid.push(cost);
      return new Uint8Array(32).fill(salt[0] ?? 0);
    },
  });
  const stored = await passwords.hash("correct horse battery");
  paid.length = 0;
  const broken = ["", "x", "$argon2id$v=19$m=1$x$y", "$2b$10$abcdefghijklmnopqrstuv", stored.replace("$v=19", "$v=16")];
  for (const one of [undefined, stored, ...broken]) {
    const before = paid.length;
    const { ok } = await passwords.verify(one, "correct horse battery");
    assert.equal(ok, one === stored);
    assert.deepEqual(paid.slice(before), [standardCost]);
  }
  // Too long to be anybody's: the same work, and not on what was sent.
  paid.length = 0;
  assert.equal((await passwords.verify(stored, "x".repeat(1025))).ok, false);
  assert.deepEqual(paid, [standardCost]);
});

test("an empty password fits nothing, not even the hash of an empty one", async () => {
  const passwords = createPasswords({ cost: cheap });
  const stored = await passwords.hash("");
  assert.equal((await passwords.verify(stored, "")).ok, false);
  assert.equal((await passwords.verify(stored, "x".repeat(2000))).ok, false);
});

test("few hashes run at a time, and one too many is refused instead of waiting", async () => {
  let running = 0;
  let most = 0;
  const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
  const passwords = createPasswords({
    derive: async () => {
      most = Math.max(most, (running += 1));
      await gate;
      running -= 1;
      return new Uint8Array(32);
    },
  });
  const all = Array.from({ length: 42 }, () => passwords.verify(undefined, "correct horse battery"));
  await assert.rejects(passwords.verify(undefined, "correct horse battery"), { code: "RATE_LIMITED" });
  open(undefined);
  assert.equal((await Promise.all(all)).length, 42);
  assert.equal(most, 2);
  // Room again.
  assert.equal((await passwords.verify(undefined, "correct horse battery")).ok, false);
});

test("a new password is refused with the reason, and never repeated", () => {
  const bad: [string, RegExp][] = [
    ["", /shorter than 12/],
    ["eleven-char", /shorter than 12/],
    ["x".repeat(1025), /longer than 1024/],
    ["\u{1f600}".repeat(257), /longer than 1024/],
    // One code point that NFKC makes eighteen of.
    ["\ufdfa".repeat(200), /longer than 1024/],
    ["aaaaaaaaaaaaaaaa", /different characters/],
    ["abababababababab", /different characters/],
    ["adalovelaceadalovelace1", /user's name/],
    ["nul\0nul\0nul\0nul", /typed again/],
    ["lone surrogate \ud800", /typed again/],
  ];
  for (const [password, why] of bad) {
    assert.throws(
      () => checkNewPassword(password, "adalovelace"),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, "INVALID_INPUT");
        assert.match(error.message, why);
        if (password !== "") assert.ok(!`${error.message}${error.hint}`.includes(password));
        return true;
      },
    );
  }
  for (const good of ["correct horse battery", "Tr0ub4dor&3xyz", "пароль из слов", "x1y2z3".repeat(170)]) {
    checkNewPassword(good, "adalovelace");
  }
});
