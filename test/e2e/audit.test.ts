/** The audit log from outside: `hop3 events` and `hop3 audit` on a real platform, for who may see all of it and who may not. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { saveServer, serversFile } from "#cli/context-file.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { systemClock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import { openStore } from "#store/open.ts";
import { createToken } from "#store/tokens.ts";
import { createUser } from "#store/users.ts";
import { deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

type Seen = {
  seq: number;
  actor: string;
  action: string;
  app: string | null;
  outcome: string;
  credential: { name: string } | null;
  address: string | null;
  request: string | null;
};

let on: RunningPlatform;
const homes: Record<string, string> = {};

before(async () => {
  on = await startPlatform();
  const app = join(on.base, "app");
  mkdirSync(app, { recursive: true });
  writeFileSync(join(app, "index.html"), "<h1>blog</h1>\n");
  await deployLive(on, app, "blog");
  const url = on.apiUrl.replace(apiPrefix, "");
  const store = await openStore({ file: on.layout.database, clock: systemClock });
  homes["admin"] = join(on.base, "admin");
  await saveServer(serversFile({}, homes["admin"]), "local", { url, token: on.token });
  for (const role of ["viewer", "auditor", "member"] as const) {
    await createUser(store, role, role);
    const { secret } = await createToken(store, { user: role, name: `${role}'s laptop` });
    const home = join(on.base, role);
    homes[role] = home;
    await saveServer(serversFile({}, home), "local", { url, token: secret });
  }
  await store.close();
});
after(() => on.stop());

async function hop3(who: string, ...words: string[]) {
  const home = homes[who] ?? "";
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...words];
  const ran = await exec(argv, { cwd: home, env: { PATH: process.env["PATH"] ?? "", HOME: home }, timeoutMs: 30_000 });
  return { exit: ran.exitCode, out: ran.stdout, said: ran.stdout + ran.stderr };
}

async function eventsOf(who: string, ...words: string[]): Promise<Seen[]> {
  const { out, said, exit } = await hop3(who, "events", "--json", ...words);
  assert.equal(exit, 0, said);
  return (JSON.parse(out) as { data: { events: Seen[] } }).data.events;
}

test("an admin and an auditor see who did what, from where and by which credential; others are refused", async () => {
  for (const who of ["admin", "auditor"]) {
    const [deployed] = await eventsOf(who, "--app", "blog", "--action", "app.deploy");
    assert.equal(deployed?.actor, "admin");
    assert.equal(deployed.address, "127.0.0.1");
    assert.match(deployed.request ?? "", /^[0-9a-f-]{36}$/);
    assert.ok(deployed.credential);
    assert.deepEqual(
      (await eventsOf(who)).map(({ action }) => action).filter((action) => action === "app.deploy"),
      ["app.deploy"],
    );
  }
  for (const who of ["viewer", "member"]) assert.equal((await hop3(who, "events")).exit, 5);
  const refused = await eventsOf("auditor", "--user", "viewer");
  assert.deepEqual(
    refused.map(({ action, outcome, credential }) => [action, outcome, credential?.name]),
    [["audit.read", "DENIED", "viewer's laptop"]],
  );
});

test("who may see an app sees what was done to it, of others neither from where nor what was refused", async () => {
  assert.equal((await hop3("member", "app", "stop", "-a", "blog")).exit, 3);
  assert.equal((await hop3("viewer", "app", "stop", "-a", "blog")).exit, 5);
  assert.equal((await hop3("member", "events", "--app", "blog")).exit, 3);
  const seen = await eventsOf("viewer", "--app", "blog");
  assert.deepEqual(
    seen.map(({ actor, outcome, address }) => [actor, outcome, address]),
    [
      ["admin", "ok", null],
      ["admin", "ok", null],
      ["viewer", "DENIED", "127.0.0.1"],
    ],
  );
  const all = await eventsOf("auditor", "--app", "blog", "--since", "1h");
  assert.deepEqual(
    all.slice(2).map(({ actor, outcome }) => [actor, outcome]),
    [
      ["member", "APP_NOT_FOUND"],
      ["viewer", "DENIED"],
      ["member", "APP_NOT_FOUND"],
    ],
  );
});

test("a follower is told of each new event, and goes on over a restart of the server", async () => {
  const home = homes["admin"] ?? "";
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), "events", "-f", "--json", "-n", "1"];
  const lines: Seen[] = [];
  const stop = new AbortController();
  const following = exec(argv, {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home },
    signal: stop.signal,
    onLine: (line) => {
      if (line.startsWith("{")) lines.push(JSON.parse(line) as Seen);
    },
  }).catch(() => undefined);
  await eventually("the last one is shown", () => lines.length === 1);
  await on.api("POST", "/apps/blog/domains", { domain: "one.example.com" });
  await eventually("the next one is shown", () => lines.at(-1)?.action === "app.domain.add");
  await on.halt();
  await on.startAgain();
  await on.api("POST", "/apps/blog/domains", { domain: "two.example.com" });
  await eventually("it goes on", () => lines.length >= 3, 30_000);
  assert.deepEqual(
    lines.map(({ seq }) => seq),
    Array.from(lines, (_, index) => (lines[0]?.seq ?? 0) + index),
    "none twice, none left out",
  );
  stop.abort();
  await following;
});

test("the log is whole on the server and in a file of it, and a row that was changed is named by both", async () => {
  const whole = await hop3("auditor", "audit", "verify");
  assert.equal(whole.exit, 0, whole.said);
  const [, head = ""] = /head is ([0-9a-f]{64})/.exec(whole.out) ?? [];
  assert.equal((await hop3("viewer", "audit", "verify")).exit, 5);
  assert.equal((await hop3("viewer", "audit", "export")).exit, 5);

  const file = join(homes["auditor"] ?? "", "audit.ndjson");
  writeFileSync(file, (await hop3("auditor", "audit", "export")).out);
  const offline = ["audit", "verify", file, "--server", "none.example.com"];
  assert.match((await hop3("auditor", ...offline, "--head", head)).said, /is whole/);
  writeFileSync(file, readFileSync(file, "utf8").replace('"actor":"viewer"', '"actor":"eve"'));
  const tampered = await hop3("auditor", ...offline);
  assert.equal(tampered.exit, 1);
  const [, named = ""] = /NOT whole: event (\d+)/.exec(tampered.out) ?? [];

  const db = new DatabaseSync(on.layout.database);
  db.prepare("update events set actor = 'eve' where seq = ?").run(Number(named));
  db.close();
  const broken = await hop3("auditor", "audit", "verify");
  assert.equal(broken.exit, 1);
  assert.match(broken.out, new RegExp(`NOT whole: event ${named}: its hash does not fit`));
});
