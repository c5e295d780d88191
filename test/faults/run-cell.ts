/** One cell of the matrix: a release of a loaded app on its way, a kill -9 in the middle of it, and what must hold from then on. */
import assert from "node:assert/strict";
import { untilStep } from "../e2e/faulty/interruption.ts";
import { haltAt } from "../e2e/faulty/points.ts";
import { remainsOf } from "../e2e/faulty/remains.ts";
import { fetchThroughEdge } from "../e2e/http-through-edge.ts";
import type { RunningPlatform } from "../e2e/platform.ts";
import type { Way } from "./cells.ts";
import { census } from "./census.ts";
import { finished, undone, type Kill, type Moment, type Victim } from "./kills.ts";
import { pastEdge, throughEdge } from "./load.ts";
import { assertAbsent, cancel, strike } from "./strike.ts";
import { assertOrder, assertVariables, judge, missed, surroundings, untilRest, type Stopped } from "./verdict.ts";
import { begunBy, neighbour, prepareNeighbour } from "./ways.ts";

/** Of a cell that held: milliseconds from the kill to rest, and from the kill to the end of the last failed request. */
export type Held = { readonly rest: number; readonly away: number | undefined };

/** Makes a platform ready for the cells of a table: an app to release again and again, and one that must notice nothing. */
export async function prepareCells(platform: RunningPlatform, way: Way): Promise<void> {
  await prepareNeighbour(platform);
  await begunBy[way].prepare(platform);
}

/** Throws when anything does not hold; the platform is not to be used again then. Undefined for a cell without a process. */
export async function runCell(
  platform: RunningPlatform,
  way: Way,
  moment: Moment,
  victim: Victim,
): Promise<Held | undefined> {
  const { app, hasInstances, restore, next } = begunBy[way];
  const cell = moment.cells[victim];
  await restore?.(platform);
  const old = await serving(platform, app);
  const { version, begin, assertServed } = await next(platform, old);
  const release = await liveRelease(platform, app);
  const before = { remains: remainsOf(platform, app), surroundings: await surroundings(platform, app) };
  const edge = platform.edge(app);
  const halt = haltAt(platform.base, moment.point);
  const inFlight = moment.point === "app:drain" ? fetchThroughEdge(edge, "/slow") : undefined;
  if (inFlight !== undefined) await halt.reached();
  const answer = inFlight?.then(({ status, body }) => `${status} ${body}`, String);
  const clients = [
    throughEdge(platform, app, "a client of the app"),
    throughEdge(platform, app, "another client of the app"),
    throughEdge(platform, neighbour, "a client of another app"),
    ...(hasInstances ? [pastEdge(platform, app, "a client past the edge")] : []),
  ];
  const stops: Stopped[] = [];
  try {
    await Promise.all(clients.map((client) => client.answered()));
    const beginning = begin();
    let struck = 0;
    try {
      if (inFlight === undefined) await halt.reached();
      else await untilStep(platform, app, await beginning, "drain");
      const found = await census(platform, app, release);
      assertAbsent(found, moment);
      struck = performance.now();
      if (moment.canceled !== undefined) await cancel(platform, app, await beginning, moment.canceled);
      if (typeof cell !== "string") await strike(platform, found[victim], victim, moment.canceled !== undefined);
    } finally {
      halt.release();
    }
    const number = await beginning;
    const kill = typeof cell === "string" ? unharmed(moment) : cell;
    await judge(platform, app, kill, number);
    await untilRest(platform, struck);
    const rest = performance.now() - struck;
    await Promise.all(clients.map((client) => client.answered()));
    for (const client of clients) stops.push({ client, ...(await client.stop()) });

    const isFinished = kill.fate === "finished";
    assert.equal(await serving(platform, app), isFinished ? version : old, "the wrong version serves");
    const away = Math.max(...stops.map((one) => missed(one, kill.missed, struck)));
    for (const { client, said } of stops) {
      if (client.name === "a client of another app")
        assert.equal(said.length, 1, `${client.name} was told ${said.map((one) => one.version).join()}`);
      else assertOrder(client.name, said, isFinished ? [old, version] : [old]);
    }
    // Who waits for a process that was killed gets no answer; nobody else is told anything but the truth.
    if (answer !== undefined && victim !== "caddy" && victim !== "old") assert.equal(await answer, `200 ${old}`);
    if (!isFinished)
      assert.deepEqual(remainsOf(platform, app), before.remains, "something of the deploy was left behind");
    assert.deepEqual(
      await surroundings(platform, app),
      before.surroundings,
      "sockets, routes or files are not what they were",
    );
    if (isFinished && victim !== "new") await assertServed?.(platform);
    await assertVariables(platform, app, isFinished ? version : old);
    return typeof cell === "string" ? undefined : { rest, away: kill.missed === "nobody" ? undefined : away };
  } finally {
    await Promise.all(clients.map((client) => client.stop().catch(() => undefined)));
  }
}

/** The end of what nobody disturbs. */
const unharmed = ({ canceled }: Moment): Kill => (canceled === undefined ? finished : undone("CANCELED"));

async function serving(platform: RunningPlatform, app: string): Promise<string> {
  const { status, body } = await fetchThroughEdge(platform.edge(app), "/");
  assert.equal(status, 200, body);
  return body;
}

/** Null for an app without a process. */
async function liveRelease(platform: RunningPlatform, app: string): Promise<number | null> {
  const { apps } = await platform.supervisor.call("status", {});
  return apps.find((each) => each.app === app)?.live ?? null;
}
