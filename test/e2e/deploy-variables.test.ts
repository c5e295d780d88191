/** Variables that come with a deploy are the app's once its release serves, and not at all when it does not. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { encodeDeployEnv } from "#core/api/deploy-env.ts";
import { assertAnswers, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
const app = "blog";

before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
  assert.equal(await deploy(telling("one"), { COLOR: "red", SIZE: "1" }), "succeeded");
});
after(() => on.stop());

/** Its page and its build say the variables; its release command fails where `fails` is set. */
function telling(version: string): string {
  const dir = gatedApp(on.base, version);
  const procfile = [
    'build: sh gate.sh app:build; echo "built $COLOR" > built',
    'release: sh gate.sh app:release; test -z "$FAILS"',
    "web: exec python3 serve.py",
    "",
  ];
  writeFileSync(join(dir, "Procfile"), procfile.join("\n"));
  const page = `f"{os.environ.get('COLOR')} {os.environ.get('SIZE')}, {open('built').read()}".encode()`;
  const server = readFileSync(join(dir, "serve.py"), "utf8").replace('open("version", "rb").read()', page);
  writeFileSync(join(dir, "serve.py"), server);
  return dir;
}

async function post(dir: string, env: Record<string, string>, name = app): Promise<{ status: number; deploy: number }> {
  const response = await fetch(`${on.apiUrl}/apps/${name}/deploys?create=true`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${on.token}`,
      "content-type": "application/x-tar",
      "hop3-env": encodeDeployEnv(env),
    },
    body: await tarOf(dir),
  });
  return { status: response.status, ...((await response.json()) as { deploy: number }) };
}

async function ended(number: number, name = app): Promise<string> {
  let state = "";
  await eventually("the deploy has an end", async () => {
    state = (await shown(on, name, number))?.state ?? "running";
    return state !== "running";
  });
  return state;
}

const deploy = async (dir: string, env: Record<string, string>, name = app): Promise<string> =>
  ended((await post(dir, env, name)).deploy, name);

async function variables(name = app): Promise<Record<string, string>> {
  const found = (await on.api("GET", `/apps/${name}/env/values`)) as {
    variables: { name: string; value: string; source: string }[];
  };
  return Object.fromEntries(
    found.variables.filter(({ source }) => source === "user").map((one) => [one.name, one.value]),
  );
}

const says = (contains: string) => assertAnswers(on.edge(app), { path: "/", status: 200, contains });

test("the build sees them, the release has them, and so has the app", async () => {
  assert.deepEqual(await variables(), { COLOR: "red", SIZE: "1" });
  await says("red 1, built red");
});

test("a deploy that fails, is canceled or is interrupted leaves the variables as they were", async () => {
  const before = await variables();
  assert.equal(await deploy(telling("two"), { COLOR: "blue", FAILS: "yes" }), "failed");
  assert.deepEqual(await variables(), before);

  const halt = haltAt(on.base, "app:release");
  const canceled = await post(telling("three"), { COLOR: "blue" });
  await halt.reached();
  await on.api("POST", `/apps/${app}/deploys/${canceled.deploy}/cancel`);
  halt.release();
  assert.deepEqual(await variables(), before);

  const late = haltAt(on.base, "before:cut-over");
  const interrupted = await post(telling("four"), { COLOR: "blue" });
  await late.reached();
  await killHop3d(on);
  late.release();
  assert.equal(await ended(interrupted.deploy), "failed");
  assert.deepEqual(await variables(), before);
  assert.equal(await deploy(telling("five"), { FAILS: "yes" }, "first"), "failed");
  assert.deepEqual(await variables("first"), {});
  await says("red 1, built red");
});

test("one that recovery finishes has them too, and the audit log says who changed which", async () => {
  const halt = haltAt(on.base, "within:cut-over");
  const interrupted = await post(telling("finished"), { COLOR: "red", SHADE: "dark" });
  await halt.reached();
  await killHop3d(on);
  halt.release();
  assert.equal(await ended(interrupted.deploy), "succeeded");
  assert.deepEqual(await variables(), { COLOR: "red", SIZE: "1", SHADE: "dark" });
  const events = () => {
    const db = new DatabaseSync(on.layout.database, { readOnly: true });
    const rows = db
      .prepare(
        "select actor, action, outcome, details from events where app = ? and action <> 'app.env.read' order by seq",
      )
      .all(app);
    db.close();
    return rows.slice(-2).map((row) => {
      const {
        credential,
        credentialName: _,
        address,
        request,
        ...details
      } = JSON.parse(String(row["details"])) as Record<string, unknown>;
      // The origin is that of the request, of which no process of then is left.
      const isWhole = row["actor"] === "admin" && address === "127.0.0.1" && /^[0-9a-f]{16}$/.test(String(credential));
      return [row["action"], row["outcome"], details, isWhole, request];
    });
  };
  await eventually("it is recorded", () => events().at(-1)?.[0] === "app.deploy");
  const named = { credentialKind: "token" };
  const request = events()[0]?.[4];
  assert.match(String(request), /^[0-9a-f-]{36}$/);
  assert.deepEqual(events(), [
    ["app.env.change", "ok", { changed: ["SHADE"], deploy: interrupted.deploy, ...named }, true, request],
    ["app.deploy", "ok", named, true, request],
  ]);
  await on.api("PATCH", `/apps/${app}/env`, { set: {}, unset: ["SHADE"] });
});

test("in the line each is added to what the ones before it have left", async () => {
  const halt = haltAt(on.base, "app:build");
  const first = await post(telling("six"), { COLOR: "green" });
  await halt.reached();
  const setting = on.api("PATCH", `/apps/${app}/env`, { set: { SIZE: "7", COLOR: "white" }, unset: [] });
  const failing = await post(telling("seven"), { SIZE: "8", FAILS: "yes" });
  const last = await post(telling("eight"), { SHAPE: "round" });
  halt.release();
  await setting;
  const ends = [await ended(first.deploy), await ended(failing.deploy), await ended(last.deploy)];
  assert.deepEqual(ends, ["succeeded", "failed", "succeeded"]);
  assert.deepEqual(await variables(), { COLOR: "white", SHAPE: "round", SIZE: "7" });
  await says("white 7, built white");
});

test("what cannot be a variable is refused before anything is made", async () => {
  for (const env of [{ PORT: "1" }, { NUL: "a\0b" }]) {
    assert.equal((await post(telling("nine"), env, "refused")).status, 400);
  }
  await assert.rejects(on.api("GET", "/apps/refused"), /APP_NOT_FOUND/);
});
