/** Instances are replaced by sound ones of the same release or not at all, whoever dies meanwhile. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp, staticApp } from "./faulty/gated-app.ts";
import { killHop3d } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { watchEdge } from "./faulty/watch-edge.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
const app = "blog";

before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
  await deployLive(on, breakable(), app);
  await on.api("PATCH", `/apps/${app}/processes`, { scale: { web: 3 } });
});
after(() => on.stop());

const broken = (how: "start" | "probe") => join(on.base, `broken-${how}`);

/** The gated app with a worker; it does not start, or is not healthy, while a file is there. */
function breakable(): string {
  const dir = gatedApp(on.base, "one");
  const web = `sh gate.sh app:start && [ ! -e ${broken("start")} ] && exec python3 serve.py`;
  writeFileSync(join(dir, "Procfile"), `web: ${web}\nworker: exec sleep 1000\n`);
  writeFileSync(
    join(dir, "hop3.toml"),
    '[healthcheck]\npath = "/health"\nstart_period = 0\ninterval = 1\nretries = 1\n',
  );
  const server = readFileSync(join(dir, "serve.py"), "utf8");
  const health = `code = 503 if self.path == "/health" and os.path.exists("${broken("probe")}") else 200`;
  const patched = server.replace(
    "        self.send_response(200)",
    `        ${health}\n        self.send_response(code)`,
  );
  writeFileSync(join(dir, "serve.py"), patched);
  return dir;
}

type Answer = { readonly status: number; readonly code?: string; readonly details?: readonly string[] };

async function ask(verb: "restart" | "reload" | "stop" | "start", name = app): Promise<Answer> {
  const headers = { authorization: `Bearer ${on.token}` };
  const response = await fetch(`${on.apiUrl}/apps/${name}/${verb}`, { method: "POST", headers });
  return { ...((await response.json()) as object), status: response.status };
}

async function instances() {
  const { apps } = await on.supervisor.call("status", {});
  return apps.find((one) => one.app === app)?.instances ?? [];
}

const ids = async () => new Map((await instances()).map(({ type, index, id }) => [`${type}.${index}`, id]));

async function atRest(): Promise<void> {
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(on)) === undefined).catch(() =>
    assert.fail(wrong),
  );
}

const slots = () =>
  Array.from({ length: 12 }, (_, slot) => slot.toString().padStart(2, "0")).map((slot) =>
    readFileSync(join(on.layout.slots(app), slot), "utf8"),
  );

suite("instances are replaced", { concurrency: 1 }, () => {
  for (const [verb, beside] of [
    ["reload", 1],
    ["restart", 4],
  ] as const) {
    test(`by a ${verb}: ${beside} beside the old ones, in no slot until sound, and every one is new at the end`, async (t) => {
      const old = await ids();
      const before = slots();
      const watching = watchEdge(on.edge(app));
      t.after(() => watching.abandon());
      let most = 0;
      const halt = haltAt(on.base, "before:swap");
      const answer = ask(verb);
      await halt.reached();
      assert.equal((await instances()).length, old.size + beside);
      assert.deepEqual(slots(), before, "a new instance was in a slot before it was found sound");
      halt.release();
      let going = true;
      const looking = (async () => {
        while (going) {
          most = Math.max(most, (await instances()).length);
          await delay(50);
        }
      })();
      assert.equal((await answer).status, 200);
      going = false;
      await looking;
      assert.equal(most, old.size + beside);
      await atRest();
      const now = await ids();
      assert.deepEqual([...now.keys()].toSorted(), [...old.keys()].toSorted());
      for (const [place, id] of now) assert.notEqual(id, old.get(place), `${place} is the old one`);
      await watching.stop(["one"]);
    });
  }

  for (const [how, code] of [
    ["start", "APP_EXITED"],
    ["probe", "APP_UNHEALTHY"],
  ] as const) {
    test(`a reload stops at the first new instance that fails its ${how}, and the rest serve on`, async (t) => {
      const old = await ids();
      const watching = watchEdge(on.edge(app));
      t.after(() => watching.abandon());
      const halt = haltAt(on.base, "before:swap");
      const answer = ask("reload");
      await halt.reached();
      writeFileSync(broken(how), "");
      halt.release();
      const { status, code: said } = await answer;
      assert.deepEqual([status >= 400, said], [true, code]);
      await atRest();
      const now = await ids();
      rmSync(broken(how));
      const kept = [...old].filter(([place]) => place !== "web.1");
      assert.deepEqual(now, new Map([["web.1", now.get("web.1")], ...kept]));
      assert.notEqual(now.get("web.1"), old.get("web.1"));
      await watching.stop(["one"]);
    });

    test(`a restart whose new instances fail their ${how} leaves the old ones serving`, async (t) => {
      const old = await ids();
      const watching = watchEdge(on.edge(app));
      t.after(() => watching.abandon());
      writeFileSync(broken(how), "");
      const { code: said } = await ask("restart");
      assert.equal(said, code);
      await atRest();
      rmSync(broken(how));
      assert.deepEqual(await ids(), old);
      await watching.stop(["one"]);
    });
  }

  test("what is stopped, and what has no process, is refused", async () => {
    await deployLive(on, staticApp(on.base, "page"), "page");
    for (const verb of ["restart", "reload"] as const) {
      const { status, code } = await ask(verb, "page");
      assert.deepEqual([status, code], [409, "CONFLICT"]);
    }
    await ask("stop");
    for (const verb of ["restart", "reload"] as const) {
      const { status, code } = await ask(verb);
      assert.deepEqual([status, code], [409, "CONFLICT"]);
    }
    await ask("start");
    await atRest();
  });
});

const strikes = {
  hop3d: () => killHop3d(on),
  "the supervisor": async () => {
    await on.killSupervisor();
    await on.startAgain();
  },
};

suite("killed while instances are replaced", { concurrency: 1 }, () => {
  for (const [who, strike] of Object.entries(strikes)) {
    for (const verb of ["restart", "reload"] as const) {
      for (const point of ["app:start", "app:probe", "before:swap", "app:drain"]) {
        test(`${who} in a ${verb}, at ${point}: no place is taken twice, nothing new is left over, the app serves`, async (t) => {
          const places = [...(await ids()).keys()].toSorted();
          const halt = haltAt(on.base, point);
          const slow = point === "app:drain" ? fetchThroughEdge(on.edge(app), "/slow") : undefined;
          if (slow !== undefined) await halt.reached();
          const watching = watchEdge(on.edge(app));
          t.after(() => watching.abandon());
          const answer = ask(verb).catch(() => undefined);
          if (slow === undefined) await halt.reached();
          else {
            const draining = async () => (await instances()).some(({ state }) => state === "draining");
            await eventually("an old instance drains", draining);
          }
          await strike();
          halt.release();
          await answer;
          await atRest();
          assert.deepEqual([...(await ids()).keys()].toSorted(), places);
          assert.equal((await slow)?.status ?? 200, 200);
          await watching.stop(["one"]);
          await assertAnswers(on.edge(app), { path: "/", status: 200, contains: "one" });
        });
      }
    }
  }
});
