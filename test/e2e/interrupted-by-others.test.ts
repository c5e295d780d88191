/** What else may happen in the middle of a deploy: the supervisor dies, a second deploy comes, the client goes. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { interrupt, post, shown, type Fate } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { assertGone, unrest } from "./faulty/remains.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

let running: ReturnType<typeof startPlatform> | undefined;
const platform = () => (running ??= startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") }));
after(async () => (await running)?.stop());

const killSupervisor = async (on: RunningPlatform) => {
  await on.killSupervisor();
  await on.startAgain();
};

// hop3d lives on and waits for the next supervisor, which ends jobs and first tries, and keeps what serves.
for (const [index, [point, fate, codes]] of (
  [
    ["app:build", "undone", ["BUILD_FAILED", "UNAVAILABLE"]],
    ["app:release", "undone", ["RELEASE_COMMAND_FAILED", "UNAVAILABLE"]],
    ["app:start", "undone", ["APP_EXITED", "UNAVAILABLE"]],
    ["before:cut-over", "finished", []],
    ["within:cut-over", "finished", []],
    ["app:drain", "finished", []],
  ] as readonly [string, Fate, readonly string[]][]
).entries()) {
  test(`kill -9 of the supervisor at ${point}: ${fate}`, async () => {
    const on = await platform();
    const version = (number: number) => ({ version: `v${number}`, dir: gatedApp(on.base, `v${number}`) });
    const [old, next] = [version(index), version(index + 1)];
    await interrupt(on, { app: "kept", point, old, next, fate, codes, strike: killSupervisor });
  });
}

test("kill -9 of the supervisor in the start of a first deploy leaves nothing behind", async () => {
  const on = await platform();
  const next = { version: "new", dir: gatedApp(on.base, "new") };
  const codes = ["APP_EXITED", "UNAVAILABLE"];
  await interrupt(on, { app: "first", point: "app:start", next, fate: "undone", codes, strike: killSupervisor });
});

const ended = async (on: RunningPlatform, app: string, deploy: number | undefined): Promise<string> => {
  assert.ok(deploy !== undefined, "it was not taken");
  let state = "";
  await eventually("the deploy has an end", async () => {
    state = (await shown(on, app, deploy))?.state ?? "";
    return state !== "" && state !== "running";
  });
  return state;
};

const atRest = async (on: RunningPlatform) => {
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(on)) === undefined).catch(() =>
    assert.fail(wrong),
  );
};

const says = (on: RunningPlatform, app: string, contains: string) =>
  assertAnswers(on.edge(app), { path: "/", status: 200, contains });

test("of two deploys at once both end, and the later one is live", async () => {
  const on = await platform();
  const dirs = [gatedApp(on.base, "one"), gatedApp(on.base, "two")] as const;
  const halt = haltAt(on.base, "app:build");
  const one = await post(on, dirs[0], "twice");
  await halt.reached();
  const two = await post(on, dirs[1], "twice");
  assert.deepEqual([(await shown(on, "twice", two ?? 0))?.state, two], ["running", (one ?? 0) + 1]);
  halt.release();
  assert.deepEqual([await ended(on, "twice", one), await ended(on, "twice", two)], ["succeeded", "succeeded"]);
  await says(on, "twice", "two");
  await atRest(on);
  await on.destroy("twice");
});

test("of many first deploys of one name at once all are taken, and the last number is live", async () => {
  const on = await platform();
  const versions = ["a", "b", "c", "d"];
  const numbers = await Promise.all(versions.map((version) => post(on, gatedApp(on.base, `many-${version}`), "many")));
  for (const number of numbers) assert.equal(await ended(on, "many", number), "succeeded");
  const last = versions[numbers.indexOf(Math.max(...numbers.map((number) => number ?? 0)))];
  await says(on, "many", `many-${last}`);
  await atRest(on);
  await on.destroy("many");
  assertGone(on, "many");
});

test("an app destroyed while an upload runs stays destroyed, or is made anew when that was asked for", async () => {
  const on = await platform();
  await deployLive(on, gatedApp(on.base, "old"), "raced");
  const halt = haltAt(on.base, "after:receive");
  const posting = post(on, gatedApp(on.base, "anew"), "raced");
  await halt.reached();
  await on.destroy("raced");
  halt.release();
  assert.equal(await ended(on, "raced", await posting), "succeeded");
  await says(on, "raced", "anew");
  await atRest(on);
  await on.destroy("raced");
  assertGone(on, "raced");
});

test("a client that goes in the middle of its upload leaves nothing", async () => {
  const on = await platform();
  const tar = Buffer.from(await tarOf(gatedApp(on.base, "cut")));
  const socket = connect(on.settings.apiPort, "127.0.0.1");
  const halt = haltAt(on.base, "before:receive");
  socket.write(
    `POST /api/v1/apps/cut/deploys?create=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${on.token}\r\n` +
      `Content-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`,
  );
  socket.write(tar.subarray(0, tar.length / 2));
  await halt.reached();
  halt.release();
  await eventually("a part of it is on the disk", () =>
    readdirSync(on.layout.incoming).some((folder) => existsSync(join(on.layout.incoming, folder, "tree", "Procfile"))),
  );
  socket.destroy();
  await eventually("nothing is left of it", () => readdirSync(on.layout.incoming).length === 0);
  assertGone(on, "cut");
  const { apps } = (await on.api("GET", "/apps")) as { apps: { app: string }[] };
  assert.ok(!apps.some(({ app }) => app === "cut"));
});

test("a client that goes after its upload was taken does not stop the deploy", async () => {
  const on = await platform();
  const halt = haltAt(on.base, "app:build");
  const deploy = await post(on, gatedApp(on.base, "alone"), "alone");
  await halt.reached();
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${on.token}` };
  const events = await fetch(`${on.apiUrl}/apps/alone/deploys/${deploy}/events`, { headers, signal: gone.signal });
  assert.equal(events.status, 200);
  gone.abort();
  halt.release();
  assert.equal(await ended(on, "alone", deploy), "succeeded");
  await says(on, "alone", "alone");
  await on.destroy("alone");
});
