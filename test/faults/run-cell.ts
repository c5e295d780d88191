/** One cell of the matrix: a deploy of a loaded app, a kill -9 in the middle of it, and what must hold from then on. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { deployLive, eventually } from "../e2e/apps.ts";
import { gatedApp } from "../e2e/faulty/gated-app.ts";
import { post, shown, untilStep } from "../e2e/faulty/interruption.ts";
import { haltAt } from "../e2e/faulty/points.ts";
import { remainsOf, unrest } from "../e2e/faulty/remains.ts";
import { fetchThroughEdge } from "../e2e/http-through-edge.ts";
import type { RunningPlatform } from "../e2e/platform.ts";
import { victims, type Kill, type Missed, type Moment, type Victim } from "./cells.ts";
import { census } from "./census.ts";
import { pastEdge, throughEdge, type Client, type Said } from "./load.ts";

/** Milliseconds from a kill to a platform at rest. */
const convergence = 10_000;

/** Of a cell that held: milliseconds from the kill to rest, and from the kill to the end of the last failed request. */
export type Held = { readonly rest: number; readonly away: number | undefined };

const app = "loaded";
const neighbour = "neighbour";
let versions = 0;

/** Makes a platform ready for cells: an app to deploy again and again, and one that must notice nothing. */
export async function prepareCells(platform: RunningPlatform): Promise<void> {
  await deployLive(platform, nextVersion(platform).dir, neighbour);
  // The second one drains, which leaves what every later one finds.
  for (const { dir } of [nextVersion(platform), nextVersion(platform)]) await deployLive(platform, dir, app);
}

/** Throws when anything does not hold; the platform is not to be used again then. Undefined for a cell without a process. */
export async function runCell(platform: RunningPlatform, moment: Moment, victim: Victim): Promise<Held | undefined> {
  const cell = moment.cells[victim];
  const [old, next] = [await serving(platform), nextVersion(platform)];
  const release = await liveRelease(platform);
  const before = { remains: remainsOf(platform, app), surroundings: await surroundings(platform) };
  const edge = platform.edge(app);
  const halt = haltAt(platform.base, moment.point);
  const inFlight = moment.point === "app:drain" ? fetchThroughEdge(edge, "/slow") : undefined;
  if (inFlight !== undefined) await halt.reached();
  const answer = inFlight?.then(({ status, body }) => `${status} ${body}`, String);
  const clients = [
    throughEdge(platform, app, "a client of the app"),
    throughEdge(platform, app, "another client of the app"),
    throughEdge(platform, neighbour, "a client of another app"),
    pastEdge(platform, app, "a client past the edge"),
  ];
  const stops: Stopped[] = [];
  try {
    await Promise.all(clients.map((client) => client.answered()));
    const posting = post(platform, next.dir, app);
    let struck = 0;
    try {
      if (inFlight === undefined) await halt.reached();
      else await untilStep(platform, app, await posting, "drain");
      struck = performance.now();
      if (typeof cell === "string") await assertAbsent(platform, release, victim, cell);
      else await strike(platform, release, victim);
    } finally {
      halt.release();
    }
    const number = await posting;
    const kill = typeof cell === "string" ? unharmed : cell;
    await judge(platform, kill, number);
    await untilRest(platform, struck);
    const rest = performance.now() - struck;
    await Promise.all(clients.map((client) => client.answered()));
    for (const client of clients) stops.push({ client, ...(await client.stop()) });

    const finished = kill.fate === "finished";
    assert.equal(await serving(platform), finished ? next.version : old, "the wrong version serves");
    const away = Math.max(...stops.map((one) => missed(one, kill.missed, struck)));
    for (const { client, said } of stops) {
      if (client.name === "a client of another app")
        assert.equal(said.length, 1, `${client.name} was told ${said.map(({ version }) => version).join()}`);
      else assertOrder(client.name, said, finished ? [old, next.version] : [old]);
    }
    // Who waits for a process that was killed gets no answer; nobody else is told anything but the truth.
    if (answer !== undefined && victim !== "caddy" && victim !== "old") assert.equal(await answer, `200 ${old}`);
    if (!finished)
      assert.deepEqual(remainsOf(platform, app), before.remains, "something of the deploy was left behind");
    assert.deepEqual(
      await surroundings(platform),
      before.surroundings,
      "sockets, routes or files are not what they were",
    );
    return typeof cell === "string" ? undefined : { rest, away: kill.missed === "nobody" ? undefined : away };
  } finally {
    await Promise.all(clients.map((client) => client.stop().catch(() => undefined)));
  }
}

type Stopped = { readonly client: Client } & Awaited<ReturnType<Client["stop"]>>;

const unharmed: Kill = { fate: "finished", missed: "nobody", codes: [] };

function nextVersion({ base }: RunningPlatform): { version: string; dir: string } {
  versions += 1;
  const version = `v${versions}`;
  return { version, dir: gatedApp(base, version) };
}

async function serving(platform: RunningPlatform): Promise<string> {
  const { status, body } = await fetchThroughEdge(platform.edge(app), "/");
  assert.equal(status, 200, body);
  return body;
}

async function liveRelease(platform: RunningPlatform): Promise<number> {
  const { apps } = await platform.supervisor.call("status", {});
  const live = apps.find((each) => each.app === app)?.live ?? null;
  assert.ok(live !== null, `${app} is not live`);
  return live;
}

async function assertAbsent(platform: RunningPlatform, old: number, victim: Victim, why: string): Promise<void> {
  const found = (await census(platform, app, old))[victim];
  assert.equal(found, undefined, `process ${found} is a ${victims[victim]}, but ${why}`);
}

async function strike(platform: RunningPlatform, old: number, victim: Victim): Promise<void> {
  const pid = (await census(platform, app, old))[victim];
  assert.ok(pid !== undefined, `there is no ${victims[victim]} to kill`);
  if (victim === "supervisor") {
    await platform.killSupervisor();
    await platform.startAgain();
  } else process.kill(pid, "SIGKILL");
  // Else the deploy might go on in one that is not dead yet.
  await eventually(`${victims[victim]} is dead`, () => readdirSync("/proc").every((name) => name !== String(pid)));
}

/** Waits for the deploy's end, which must be that of `kill`. */
async function judge(platform: RunningPlatform, { fate, codes }: Kill, number: number | undefined): Promise<void> {
  if (fate === "never") return assert.equal(number, undefined, "the deploy was taken");
  assert.ok(number !== undefined, "the deploy was not taken");
  let end: Awaited<ReturnType<typeof shown>>;
  await eventually(
    "the deploy has an end",
    async () => {
      end = await shown(platform, app, number);
      return end !== undefined && end?.state !== "running";
    },
    convergence,
  );
  const came = end?.state === "succeeded" ? "finished" : "undone";
  assert.equal(came, fate, JSON.stringify(end));
  if (came === "undone") assert.ok(codes.includes(String(end?.error?.code)), `it ended with ${end?.error?.code}`);
}

async function untilRest(platform: RunningPlatform, struck: number): Promise<void> {
  let wrong: string | undefined = "";
  const left = Math.max(0, struck + convergence - performance.now());
  const look = async () => (wrong = await unrest(platform).catch(String)) === undefined;
  await eventually("the platform is at rest", look, left).catch(() => assert.fail(`not at rest: ${wrong}`));
}

const mayMiss: Readonly<Record<Missed, readonly string[]>> = {
  nobody: [],
  edge: ["a client of the app", "another client of the app", "a client of another app"],
  app: ["a client of the app", "another client of the app", "a client past the edge"],
};

/** Milliseconds from the kill to the end of the last request that failed; fails when it ought not to have failed. */
function missed({ client, failures }: Stopped, whom: Missed, struck: number): number {
  const may = mayMiss[whom];
  for (const { from, to, what } of failures) {
    const when = `${Math.round(from - struck)} to ${Math.round(to - struck)} ms from the kill`;
    assert.ok(may.includes(client.name) && to >= struck, `${client.name} got no answer, ${when}: ${what}`);
  }
  return Math.max(0, ...failures.map(({ to }) => to - struck));
}

/** Milliseconds for which requests may meet the old or the new: the slots of the edge are rewritten one by one. */
const switching = 250;

/** Nobody else's version, and not the old one any more when the new one has been told for a while. */
function assertOrder(name: string, said: readonly Said[], [old, next]: readonly [string, string?]): void {
  const first = said.find(({ version }) => version === next)?.from ?? Infinity;
  for (const { from, version } of said) {
    const isRight = version === next || (version === old && from < first + switching);
    assert.ok(
      isRight,
      `${name} was told ${said.map((one) => `${one.version} (${Math.round(one.from)} ms)`).join(", ")}`,
    );
  }
}

/** What a deploy does not change: the entries of the run directory and of the platform's own folders, and the routes. */
async function surroundings({ layout }: RunningPlatform): Promise<unknown> {
  const folders = [layout.root, layout.run, layout.supervisor, layout.edge, `${layout.edge}/live`];
  const document = await liveDocument(layout.caddyAdminSocket);
  const hosts = [...document.matchAll(/[a-z0-9-]+\.localhost/g)].map(([host]) => host);
  assert.ok(hosts.includes(`${app}.localhost`), "the edge does not tell its routes");
  return { entries: folders.map((folder) => readdirSync(folder).toSorted()), hosts: [...new Set(hosts)].toSorted() };
}

function liveDocument(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/config/", headers: { host: "" } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text)).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}
