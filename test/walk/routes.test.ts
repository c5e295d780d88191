/**
 * The walk: every address of the server is asked by everybody, and answers what its declared action and the table written by
 * hand say; then ids are swapped between apps, people and organisations, and nothing of what is not theirs comes back or
 * changes. `node test/walk/routes.test.ts --write` writes docs/security/routes.md.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { actions, type Action } from "#core/actions.ts";
import { createServer } from "#server/server.ts";
import { memoryPlatform, memoryServerOptions } from "#server/testing.ts";
import { eventually } from "../e2e/apps.ts";
import { tarOf } from "../e2e/platform.ts";
import { addresses, ask, kindOf, type Address, type Answer } from "./ask.ts";
import { expected, may, type Kind } from "./expected.ts";
import { apps, canaryOf, makeWorld, orgOf, type AppName, type Who, type World } from "./world.ts";

const page = fileURLToPath(new URL("../../docs/security/routes.md", import.meta.url));
const marks = ["<!-- table -->", "<!-- end of table -->"] as const;

/** By the columns of the page; those of one column answer alike. */
const columns: Readonly<Record<string, readonly string[]>> = {
  "-": ["nobody"],
  "½": ["half-finished login"],
  x: ["expired token", "revoked token", "token from elsewhere"],
  m: ["member"],
  v: ["viewer"],
  au: ["auditor"],
  d: ["developer"],
  a: ["admin"],
  g: ["admin of another organisation"],
  "m+v": ["member, granted viewer"],
  "m+d": ["member, granted developer"],
  "m+a": ["member, granted admin"],
  "t:logs": ["admin's token for app.logs"],
  "t:site": ["admin's token for the app site"],
  "t:shop": ["admin's token for the app shop"],
};

/** These end the credential that asks. */
const endsItself = new Set(["logOut"]);

describe("the walk of everybody over every address", () => {
  let world: World;
  let base: string;
  const found = new Map<string, Kind>();
  before(async () => {
    world = await makeWorld();
    base = new URL(world.platform.apiUrl).origin;
  });
  after(() => world?.platform.stop());

  it("every address declares an action that there is", () => {
    assert.ok(addresses.length > 50);
    for (const { name, action } of addresses) {
      assert.ok(action === "public" || action === "signed-in" || actions.some((one) => one === action), name);
    }
  });

  it("the server answers no address that is not of the walk", () => {
    const registered = createServer({ ...memoryServerOptions(memoryPlatform()), git: {} as never }).routes;
    const known = new Set(addresses.map(({ method, path }) => `${method} ${path}`));
    const own = registered.filter(({ method, path }) => method !== "ALL" && path !== "/*");
    assert.ok(own.length > 50);
    assert.deepEqual(
      own.map(({ method, path }) => `${method} ${path}`).filter((one) => !known.has(one)),
      [],
    );
  });

  it("everybody is in the table, and the table knows nobody else", () => {
    const titles = Object.values(columns).flat();
    assert.deepEqual(world.everybody.map(({ title }) => title).toSorted(), titles.toSorted());
  });

  for (const address of addresses) {
    it(`${address.method} ${address.path} (${address.name}) answers everybody by its action`, async () => {
      for (const who of world.everybody) {
        const isItself = endsItself.has(address.name) && who.good;
        const answer = await ask(base, address, isItself ? await world.another("admin") : who.token);
        const kind = kindOf(answer);
        const said = `${who.title}: ${answer.status} ${answer.code}`;
        // A login that fails is a 401 whoever tries; where there is no provider it is a 503.
        if (address.action !== "public") assert.equal(kind, expected(who, address), said);
        else assert.ok(answer.status !== 500 && answer.status !== 403, said);
        found.set(`${address.name} ${who.title}`, address.action === "public" ? "yes" : kind);
      }
    });
  }

  it("an app that is not to be seen answers as one that there is not, to the letter", async () => {
    for (const address of addresses) {
      if (!address.params.includes("app") || address.action === undefined) continue;
      for (const title of ["member", "admin of another organisation", "admin's token for the app shop"]) {
        const who = world.who(title);
        // Who may make apps learns by trying which names are taken.
        if (expected(who, address) !== "hidden" || may(who, address.action as Action, "none")) continue;
        const hidden = await ask(base, address, who.token);
        const none = await ask(base, address, who.token, { app: "nope" });
        assert.equal(words(hidden, "site"), words(none, "nope"), `${address.name} by ${title}`);
      }
    }
  });

  it("finds what its page says", () => {
    const table = `${marks[0]}\n\n${tableOf(found)}\n\n${marks[1]}`;
    const text = readFileSync(page, "utf8");
    const [begin, end] = [text.indexOf(marks[0]), text.indexOf(marks[1]) + marks[1].length];
    if (process.argv.includes("--write")) writeFileSync(page, text.slice(0, begin) + table + text.slice(end));
    else assert.equal(text.slice(begin, end), table);
  });

  it("an upload that began before somebody else made an app of its name does not reach that app", async () => {
    const tar = await tarOf(join(world.platform.base, "apps", "site"));
    const headers = {
      authorization: `Bearer ${world.who("admin of another organisation").token}`,
      "content-type": "application/x-tar",
    };
    const sent = request(`${world.platform.apiUrl}/apps/late/deploys?create=true`, { method: "POST", headers });
    const answered = once(sent, "response") as Promise<[IncomingMessage]>;
    sent.write(tar.subarray(0, 512));
    // It was let in when the server makes a folder for it.
    const isBegun = () => readdirSync(world.platform.layout.incoming).length > 0;
    await eventually("the upload has begun", isBegun);
    await world.platform.api("PUT", "/apps/late");
    sent.end(tar.subarray(512));
    const [response] = await answered;
    assert.equal(response.statusCode, 404);
    response.resume();
    assert.deepEqual(((await world.platform.api("GET", "/apps/late/deploys")) as { deploys: unknown[] }).deploys, []);
  });

  it("a one-off command is joined by who has asked for it, for its app, and once", async () => {
    const join = addresses.find(({ name }) => name === "joinSession") ?? assert.fail();
    const session = await openSession(world, base);
    const as = (title: string, app: AppName) => ask(base, join, world.who(title).token, { app, session });
    assert.equal((await as("developer", "shop")).status, 404);
    assert.equal((await as("admin", "site")).status, 404);
    assert.equal((await as("admin", "shop")).status, 101);
    assert.equal((await as("admin", "shop")).status, 404);
  });

  it("no address tells or does anything of another app, person or organisation, whatever ids are given", async (t) => {
    const ids = idsOf(world);
    const before = foreign(world);
    const session = await openSession(world, base);
    let asked = 0;
    for (const [title, sees] of Object.entries(sights)) {
      const who = world.who(title);
      const canaries = Object.entries(canaryOf).flatMap(([of, canary]) => (sees.includes(of) ? [] : [canary]));
      for (const address of addresses) {
        if (hostsOwn.has(address.name) && who.org === "default") continue;
        for (const params of combinations(address, { ...ids, session: [session, "x".repeat(22)] }, who)) {
          const answer = await ask(base, address, who.token, params);
          asked += 1;
          const said = `${title}: ${address.method} ${address.name} ${JSON.stringify(params)}: ${answer.status}`;
          assert.notEqual(answer.status, 500, said);
          // What was asked with may be told back.
          const given = Object.values(params).join(" ");
          for (const canary of canaries) {
            assert.ok(
              given.includes(canary) || !answer.text.includes(canary),
              `${said} told ${canary}:\n${answer.text}`,
            );
          }
          const { app } = params;
          if (app !== undefined && app !== "site")
            assert.equal(kindOf(answer), expected(who, address, app as AppName), said);
        }
      }
    }
    t.diagnostic(`${asked} requests`);
    assert.deepEqual(foreign(world), before);
  });
});

/** By who looks, of whom canaries may be seen. */
const sights: Readonly<Record<string, readonly string[]>> = {
  "admin of another organisation": ["theirs", "guests"],
  "member, granted admin": ["site"],
  "member, granted viewer": ["site"],
  // It may read the audit log of that app, in which people of the organisation are.
  "admin's token for the app site": ["site", "default"],
  admin: ["site", "shop", "default"],
};

/** Of the whole host, for its admins: requests of everybody are in there. */
const hostsOwn = new Set(["systemLogs", "exportAudit", "metricsPage"]);

/** All that there is, by the parameter that names it. */
function idsOf({ platform }: World): Readonly<Record<string, readonly string[]>> {
  const db = new DatabaseSync(platform.layout.database, { readOnly: true });
  const column = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => String(Object.values(row)[0]));
  const ids = {
    app: [...apps],
    repository: apps.map((app) => `${app}.git`),
    deploy: ["1", "2"],
    release: ["1", "2"],
    to: ["1"],
    run: ["1"],
    job: Object.values(canaryOf).slice(0, 3),
    domain: column("select name from domains where name like 'c%'"),
    user: column("select name from users"),
    group: column("select name from groups"),
    id: column("select id from tokens"),
    subject: [...column("select name from users"), ...column("select '@' || name from groups")],
  };
  db.close();
  return ids;
}

/**
 * What may be swapped in an address. For what only looks: all of it. For what changes: of what is not theirs, and never
 * what would change one's own.
 */
function* combinations(
  { method, params, name }: Address,
  ids: Readonly<Record<string, readonly string[]>>,
  who: Who,
): Generator<Record<string, string>> {
  if (endsItself.has(name)) return;
  let all: Record<string, string>[] = [{}];
  for (const param of params) {
    all = all.flatMap((one) => (ids[param] ?? ["none"]).map((id) => ({ ...one, [param]: id })));
  }
  for (const one of all) {
    const { app = one["repository"]?.replace(".git", "") } = one;
    if (method === "GET" || isForeign(one, app, who)) yield one;
  }
}

function isForeign(given: Readonly<Record<string, string>>, app: string | undefined, who: Who): boolean {
  if (app !== undefined && (orgOf[app as AppName] !== who.org || !(who.apps ?? [app]).includes(app))) return true;
  if (app === "shop") return who.role !== "admin" && who.grant !== undefined;
  // On an app of one's own, or on the server: the other id is another's.
  const others = Object.entries(given).filter(
    ([param]) => !["app", "repository", "deploy", "release", "to", "run"].includes(param),
  );
  const guests = [canaryOf.theirs, canaryOf.guests];
  // Of the first organisation not everything has a canary: its admin may well remove a user there.
  const isOthers = (value: string) => guests.some((canary) => value.includes(canary)) === (who.org === "default");
  return others.length > 0 && others.every(([param, value]) => param !== "id" && isOthers(value));
}

/** Rows of all that is not `site`'s: nothing that was asked may have changed them. */
function foreign({ platform }: World): unknown {
  const db = new DatabaseSync(platform.layout.database, { readOnly: true });
  const tables = ["apps", "env", "domains", "scale", "builds", "releases", "deploys"];
  const whole = ["orgs", "members", "users", "groups", "group_members", "identities", "ssh_keys", "recovery_codes"];
  const rows = [
    ...tables.map((table) => [
      table,
      db.prepare(`select * from ${table} where ${table === "apps" ? "name" : "app"} <> 'site'`).all(),
    ]),
    ...whole.map((table) => [table, db.prepare(`select * from ${table}`).all()]),
    [
      "tokens",
      db.prepare("select id, user_name, revoked_at, expires_at from tokens where name <> 'to be used up'").all(),
    ],
    ["grants", db.prepare("select * from grants").all()],
  ];
  db.close();
  return rows;
}

/** A one-off command of `shop` that waits for its client. */
async function openSession({ who }: World, base: string): Promise<string> {
  const response = await fetch(`${base}/api/v1/apps/shop/run`, {
    method: "POST",
    headers: { authorization: `Bearer ${who("admin").token}`, "content-type": "application/json" },
    body: JSON.stringify({ command: ["true"], env: {}, terminal: null, timeout: 60 }),
  });
  const text = await response.text();
  assert.ok(response.ok, text);
  return (JSON.parse(text) as { session: string }).session;
}

/** Without what differs between any two answers. */
function words({ text }: Answer, app: string): string {
  return text
    .slice(text.indexOf("\n"))
    .replaceAll(app, "APP")
    .replace(/"requestId":"[^"]*"/, "");
}

function tableOf(found: ReadonlyMap<string, Kind>): string {
  const head = ["address", "action", ...Object.keys(columns)];
  const rows = addresses.map(({ name, method, path, action }) => {
    const cells = Object.values(columns).map((titles) => {
      const kinds = new Set(titles.map((title) => found.get(`${name} ${title}`) ?? "?"));
      return [...kinds].join(" ");
    });
    return [
      `\`${method} ${path.replace("/api/v1", "")}\`${path.startsWith("/git") ? ` ${name}` : ""}`,
      `${action}`,
      ...cells,
    ];
  });
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
