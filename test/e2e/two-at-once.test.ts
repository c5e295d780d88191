/**
 * Two people change one app at the same moment: nobody's change is lost without a word, and the audit log tells of both.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openStore } from "#store/open.ts";
import { createToken } from "#store/tokens.ts";
import { createUser } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import { deployLive, eventually } from "./apps.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

type Answer = { readonly status: number; readonly body: Record<string, unknown> };
type Told = {
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
  readonly details: Record<string, unknown>;
};

let on: RunningPlatform;
const tokens: Record<string, string> = {};
const people = ["ada", "ben"] as const;

before(async () => {
  on = await startPlatform();
  const store = await openStore({ file: on.layout.database, clock: systemClock });
  for (const name of people) {
    await createUser(store, name, "admin");
    tokens[name] = (await createToken(store, { user: name, name: "laptop" })).secret;
  }
  await store.close();
  await deployLive(on, app("blog"), "blog");
  await deployLive(on, app("shop"), "shop");
});
after(() => on.stop());

function app(name: string): string {
  const dir = join(on.base, "apps", name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Procfile"), "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n");
  writeFileSync(join(dir, "version"), name);
  return dir;
}

async function ask(who: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const isTar = body instanceof Uint8Array;
  const response = await fetch(`${on.apiUrl}/apps/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens[who]}`,
      ...(body === undefined ? {} : { "content-type": isTar ? "application/x-tar" : "application/json" }),
    },
    ...(body === undefined ? {} : { body: isTar ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Of these people, what the log got since that event. */
async function toldSince(seq: number): Promise<Told[]> {
  const { events } = (await (
    await fetch(`${on.apiUrl}/events?lines=1000`, { headers: { authorization: `Bearer ${on.token}` } })
  ).json()) as { events: (Told & { seq: number })[] };
  return events.filter((event) => event.seq > seq && people.some((name) => name === event.actor));
}

async function lastSeq(): Promise<number> {
  const { head } = (await (
    await fetch(`${on.apiUrl}/audit/verify`, { headers: { authorization: `Bearer ${on.token}` } })
  ).json()) as { head: { seq: number } };
  return head.seq;
}

const brief = (told: readonly Told[]) =>
  told.map(({ actor, action, outcome }) => `${actor} ${action} ${outcome}`).toSorted();

async function values(name = "blog"): Promise<Record<string, string>> {
  const { body } = await ask("ada", "GET", `${name}/env/values`);
  const all = body["variables"] as { name: string; value: string; source: string }[];
  return Object.fromEntries(all.filter(({ source }) => source === "user").map(({ name: key, value }) => [key, value]));
}

test("two changes of different variables are both kept, and two of the same are one after the other", async () => {
  const from = await lastSeq();
  const set = (who: string, variables: Record<string, string>) =>
    ask(who, "PATCH", "blog/env", { set: variables, unset: [] });
  const answers = await Promise.all([set("ada", { ADA: "1", BOTH: "ada" }), set("ben", { BEN: "1", BOTH: "ben" })]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  const releases = answers.map(({ body }) => Number(body["release"]));
  assert.equal(Math.abs((releases[0] ?? 0) - (releases[1] ?? 0)), 1, "each has a release of its own");
  // Who got the later release is who is seen.
  const later = (releases[0] ?? 0) > (releases[1] ?? 0) ? "ada" : "ben";
  assert.deepEqual(await values(), { ADA: "1", BEN: "1", BOTH: later });
  assert.deepEqual(
    brief(await toldSince(from)).filter((line) => line.includes("env.change")),
    ["ada app.env.change ok", "ben app.env.change ok"],
  );
});

test("two scales are one after the other, and what runs is what the last one said", async () => {
  const from = await lastSeq();
  const scale = (who: string, web: number) => ask(who, "PATCH", "blog/processes", { scale: { web } });
  const answers = await Promise.all([scale("ada", 2), scale("ben", 3)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  const told = (await toldSince(from)).filter(({ action }) => action === "app.scale");
  assert.deepEqual(brief(told), ["ada app.scale ok", "ben app.scale ok"]);
  const wanted = told.at(-1)?.actor === "ada" ? 2 : 3;
  // Those of the release before are kept for a while, and are not counted.
  await eventually("they run", async () => {
    const { body } = await ask("ada", "GET", "blog/processes");
    const [web] = body["processes"] as { count: number; instances: { state: string }[] }[];
    return web?.count === wanted && web.instances.filter(({ state }) => state === "running").length === wanted;
  });
});

test("two deploys go one after the other, each with its own person, and the later one serves", async () => {
  const from = await lastSeq();
  const [one, two] = [await tarOf(app("one")), await tarOf(app("two"))];
  const begun = await Promise.all([ask("ada", "POST", "blog/deploys", one), ask("ben", "POST", "blog/deploys", two)]);
  assert.deepEqual(
    begun.map(({ status }) => status),
    [202, 202],
  );
  const numbers = begun.map(({ body }) => Number(body["deploy"]));
  await eventually(
    "both have ended",
    async () => {
      const states = await Promise.all(numbers.map((number) => ask("ada", "GET", `blog/deploys/${number}`)));
      return states.every(({ body }) => body["state"] === "succeeded");
    },
    60_000,
  );
  const told = (await toldSince(from)).filter(({ action }) => action === "app.deploy");
  assert.deepEqual(brief(told), ["ada app.deploy ok", "ben app.deploy ok"]);
  const later = (numbers[0] ?? 0) > (numbers[1] ?? 0) ? "ada" : "ben";
  const { body } = await ask("ada", "GET", "blog/releases");
  const [live] = body["releases"] as { live: boolean; createdBy: string }[];
  assert.deepEqual([live?.live, live?.createdBy], [true, later]);
});

test("of two who want one domain for two apps, one has it and the other is told so", async () => {
  const from = await lastSeq();
  const add = (who: string, name: string) => ask(who, "POST", `${name}/domains`, { domain: "one.example.com" });
  const answers = await Promise.all([add("ada", "blog"), add("ben", "shop")]);
  assert.deepEqual(answers.map(({ status }) => String(status)).toSorted(), ["201", "409"]);
  const outcomes = (await toldSince(from)).map(({ outcome }) => outcome).toSorted();
  assert.deepEqual(outcomes, ["DOMAIN_TAKEN", "ok"]);
});

test("a change beside a destroy ends with an error or with the app, and both people are told of", async () => {
  const from = await lastSeq();
  const [gone, changed, deployed] = await Promise.all([
    ask("ada", "DELETE", "blog?confirm=blog"),
    ask("ben", "PATCH", "blog/env", { set: { LATE: "1" }, unset: [] }),
    ask("ben", "POST", "blog/deploys", await tarOf(app("late"))),
  ]);
  assert.equal(gone.status, 200);
  assert.ok([200, 404, 409].includes(changed.status), `${changed.status} ${JSON.stringify(changed.body)}`);
  assert.ok([202, 404, 409].includes(deployed.status), `${deployed.status} ${JSON.stringify(deployed.body)}`);
  assert.equal((await ask("ada", "GET", "blog")).status, 404);
  const told = await toldSince(from);
  assert.deepEqual(
    brief(told)
      .filter((line) => line.startsWith("ada"))
      .filter((line) => line.includes("destroy")),
    ["ada app.destroy ok"],
  );
  const bens = brief(told).filter((line) => line.startsWith("ben"));
  if (changed.status !== 404)
    assert.ok(
      bens.some((line) => line.includes("app.env")),
      bens.join("\n"),
    );
  // An app of that name that is made now is a new one.
  await deployLive(on, app("blog"), "blog");
  assert.deepEqual(await values(), {});
});

test("of two who destroy one app each gets an answer, and it is gone once", async () => {
  const from = await lastSeq();
  const answers = await Promise.all(people.map((who) => ask(who, "DELETE", "shop?confirm=shop")));
  assert.ok(answers.some(({ status }) => status === 200));
  for (const { status } of answers) assert.ok(status === 200 || status === 404, String(status));
  const told = await toldSince(from);
  assert.deepEqual(new Set(told.map(({ actor }) => actor)), new Set(people), "both are told of");
  // Who found it gone already is told of by the server, with the route.
  const done = told.filter(({ outcome, details }) => outcome === "ok" && details["route"] === undefined);
  assert.equal(done.filter(({ action }) => action === "app.destroy").length, 1, JSON.stringify(told));
});
