/**
 * The audit log of every route that changes something, on a real server: one event of a success, with who, from where, by
 * which credential and in which request; one of a refusal, however often it is repeated; and never a secret.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { genesisHash } from "#core/hash-chain.ts";
import { createPasswords } from "#identity/password.ts";
import { openStore } from "#store/open.ts";
import { setOneTimePassword, setPassword } from "#store/passwords.ts";
import { createUser } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import { eventually } from "../e2e/apps.ts";
import { tarOf } from "../e2e/platform.ts";
import { addresses, ask } from "./ask.ts";
import { expected } from "./expected.ts";
import { oneTime, password, recipes, type Call } from "./recipes.ts";
import { makeWorld, type World } from "./world.ts";

type Row = { seq: number; actor: string; action: string; app: string | null; outcome: string; details: Details };
type Details = Record<string, unknown> & { credential?: string; address?: string; request?: string; times?: number };

const mutating = addresses.filter(
  ({ method, response }) => (method !== "GET" || response === "upgrade") && response !== "git",
);
/** What is to change nothing says so itself. */
const told = mutating.filter(({ event, name }) => event !== "none" || Object.hasOwn(recipes, name));

describe("the audit log", () => {
  let world: World;
  let base: string;
  let admin: string;
  before(async () => {
    world = await makeWorld();
    base = new URL(world.platform.apiUrl).origin;
    admin = world.who("admin").token ?? "";
    const store = await openStore({ file: world.platform.layout.database, clock: systemClock });
    const { hash } = createPasswords();
    for (const name of ["pat", "newcomer", "victim"]) await createUser(store, name, "viewer");
    for (const name of ["pat", "victim"]) await setPassword(store, name, await hash(password));
    await setOneTimePassword(store, "newcomer", await hash(oneTime), new Date(Date.now() + 3_600_000).toISOString());
    await store.close();
    const slow = join(world.platform.base, "apps/slow");
    mkdirSync(slow, { recursive: true });
    writeFileSync(join(slow, "Procfile"), "build: sleep 100000\nweb: true\n");
  });
  after(() => world?.platform.stop());

  const rowsAfter = (seq: number): Row[] => {
    const db = new DatabaseSync(world.platform.layout.database, { readOnly: true });
    const rows = db.prepare("select * from events where seq > ? order by seq").all(seq);
    db.close();
    return rows.map((row) => ({ ...row, details: JSON.parse(String(row["details"])) as Details }) as unknown as Row);
  };
  const lastSeq = (): number => rowsAfter(0).at(-1)?.seq ?? 0;

  const call: Call = async (method, path, body) => {
    const isTar = typeof body === "string";
    const response = await fetch(`${world.platform.apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, "content-type": isTar ? "application/x-tar" : "application/json" },
      body: isTar ? await tarOf(join(world.platform.base, "apps", body)) : JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };

  it("every route that changes something has a recipe, and every recipe a route", () => {
    const names = told.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(recipes, name)),
      [],
    );
    assert.deepEqual(
      Object.keys(recipes).filter((name) => !names.includes(name)),
      [],
    );
  });

  // In the order of the recipes: one may need what the one before has made.
  for (const [name, recipe] of Object.entries(recipes)) {
    const address = told.find((one) => one.name === name);
    if ("elsewhere" in recipe) {
      it(`${name}: its event is looked for in ${recipe.elsewhere}`, () => {
        const file = join(import.meta.dirname, "../..", recipe.elsewhere);
        assert.ok(existsSync(file) && readFileSync(file, "utf8").includes(recipe.says));
      });
      continue;
    }
    it(`${name}: one event, ${recipe.action}, with who, from where and by what`, async () => {
      assert.ok(address);
      const made = (await recipe.before?.(world, call)) ?? {};
      const filled = JSON.stringify(recipe.body ?? {}).replaceAll(/":(\w+)"/g, (_, key: string) => `"${made[key]}"`);
      const tar = recipe.tar === undefined ? undefined : await tarOf(join(world.platform.base, "apps", recipe.tar));
      const token = name === "logOut" ? await world.another("admin") : admin;
      const from = lastSeq();
      const answer = await ask(base, address, token, { ...recipe.params, ...made }, recipe.query, tar ?? filled);
      assert.ok(answer.status < 300, answer.text);
      // The answer of an upgrade has no id.
      const isOfIt = ({ details }: Row) => answer.status === 101 || details.request === answer.requestId;
      const ofIt = () => rowsAfter(from).filter(isOfIt);
      await eventually("its event is written", () => ofIt().length > 0, 60_000);
      const actor = recipe.actor ?? "the-admin";
      assert.deepEqual(
        ofIt().map((row) => [row.actor, row.action, row.app, row.outcome, row.details.address]),
        [...(recipe.first === undefined ? [] : [recipe.first]), recipe.action].map((action) => [
          actor,
          action,
          recipe.params?.["app"] ?? null,
          "ok",
          "127.0.0.1",
        ]),
      );
      assert.match(String(ofIt().at(-1)?.details.credential), /^[0-9a-f]{16}$/);
    });
  }

  it("a refusal is one event with all of this, for everybody who is refused and every route", async () => {
    for (const title of ["viewer", "member", "admin of another organisation", "admin's token for the app shop"]) {
      const who = world.who(title);
      const refused = mutating.filter((address) => ["no", "hidden"].includes(expected(who, address)));
      assert.ok(refused.length > 15);
      for (const address of refused) {
        const from = lastSeq();
        // A third time is not told at once.
        const answers = [];
        for (let time = 0; time < 3; time += 1) answers.push(await ask(base, address, who.token));
        const rows = rowsAfter(from).filter((row) => row.actor !== "hop3" && row.details.times === undefined);
        assert.deepEqual(
          rows.map(({ action, app, outcome, details }) => [action, app, outcome, details.address, details.request]),
          [
            [
              address.action,
              address.params.includes("app") ? "site" : null,
              expected(who, address) === "no" ? "DENIED" : "APP_NOT_FOUND",
              "127.0.0.1",
              answers[0]?.requestId,
            ],
          ],
          `${address.name} by ${title}`,
        );
        assert.match(String(rows[0]?.details.credential), /^[0-9a-f]{16}$/);
      }
    }
  });

  it("who shows no credential that is good is one event a minute for its address, whatever it asks for", async () => {
    const from = lastSeq();
    for (const title of ["nobody", "half-finished login", "expired token", "revoked token", "token from elsewhere"]) {
      for (const address of addresses) {
        if (address.action !== "public") await ask(base, address, world.who(title).token);
      }
    }
    const rows = rowsAfter(from).filter(({ outcome }) => outcome === "UNAUTHENTICATED");
    assert.ok(
      rows.length <= 1 + Number(rows.some(({ details }) => details.times !== undefined)),
      `${rows.length} rows`,
    );
    for (const { actor, details } of rows) assert.deepEqual([actor, details.address], ["nobody", "127.0.0.1"]);
  });

  it("each wrong password is told of with whose it is, once, and so is the lock-out", async () => {
    const from = lastSeq();
    const address = told.find(({ name }) => name === "logIn");
    assert.ok(address);
    const body = JSON.stringify({ user: "victim", password: "canary-of-wrong-password" });
    for (let time = 0; time < 8; time += 1) await ask(base, address, undefined, {}, "", body);
    const unknown = JSON.stringify({ user: "canary-of-no-user", password: "canary-of-wrong-password" });
    await ask(base, address, undefined, {}, "", unknown);
    const rows = rowsAfter(from).filter(({ action }) => action === "login" || action === "public");
    const count = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
    assert.equal(rows.filter(({ action, outcome }) => action === "login" && outcome === "UNAUTHENTICATED").length, 5);
    assert.equal(count("RATE_LIMITED"), 1);
    // That of whom there is not, without the name.
    assert.equal(count("UNAUTHENTICATED"), 6);
  });

  it("no secret is in it, and it is whole", async () => {
    const text = JSON.stringify(rowsAfter(0));
    const secrets = [
      ...world.everybody.flatMap(({ token }) => token ?? []),
      world.platform.token,
      password,
      oneTime,
      "another canary password",
    ];
    for (const secret of secrets) assert.ok(!text.includes(secret), secret);
    assert.doesNotMatch(text, /canary-of-/);
    const whole = await fetch(`${world.platform.apiUrl}/audit/verify?head=${genesisHash}`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    assert.equal(((await whole.json()) as { ok: boolean }).ok, true);
  });
});
