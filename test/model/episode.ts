/**
 * One life of a root: events, looks whether all is as it should be whenever it is let come to rest, and at its end a sound
 * release for each app, which must go live, and an end of everything, which must leave nothing.
 */
import { readFileSync, readdirSync } from "node:fs";
import { benchProcesses } from "#supervisor/bench.ts";
import { parseDesired } from "#supervisor/desired.ts";
import { desireOf } from "./desire.ts";
import { appNames, type Event } from "./events.ts";
import { makeHouse, type House } from "./house.ts";
import { Player } from "./player.ts";
import type { Tally } from "./tally.ts";
import { faultsOf, lastWords } from "./verdict.ts";

/** Seconds to come to rest, with stop timeouts, waits of what crashes and a busy machine in it. */
const restWithin = 30;
/** Descriptors of a supervisor of which nothing is asked any more. */
const descriptorsMax = 60;

export type Failure = { readonly message: string; readonly played: readonly Event[] };

/** Resolves with what went wrong, if anything. `until` ends it early, between two events. */
export async function playEpisode(
  mode: "user" | "system",
  events: Iterable<Event>,
  tally: Tally,
  until: () => boolean,
): Promise<Failure | undefined> {
  const house = await makeHouse(mode);
  const player = new Player(house, tally);
  const played: Event[] = [];
  try {
    for (const event of events) {
      if (until()) break;
      played.push(event);
      await player.play(event);
      if (event.kind === "settle") await comeToRest(player);
    }
    await comeToRest(player);
    for (const app of appNames) await goOn(player, app);
    await comeToRest(player);
    await comeToRest(player);
    for (const app of appNames) await player.ask(app, { verb: "forget" });
    await comeToRest(player);
    const descriptors = readdirSync(`/proc/${house.pid()}/fd`).length;
    if (descriptors > descriptorsMax)
      throw new Error(`the supervisor holds ${descriptors} descriptors and runs nothing`);
    await house.stop();
    const left = benchProcesses(house.base);
    if (left.length > 0) throw new Error(`the supervisor has stopped, and ${left.length} processes run on`);
    return undefined;
  } catch (error) {
    const message = `${error instanceof Error ? error.message : String(error)}\n${lastWords(house, 40)}`;
    return { message, played };
  } finally {
    await house.clean();
  }
}

async function comeToRest(player: Player): Promise<void> {
  const { house, beliefs } = player;
  const deadline = performance.now() + restWithin * 1000;
  for (;;) {
    // What it was armed with may end it at this very moment.
    await player.rest();
    const faults = await faultsOf(house, beliefs).catch((error: unknown) => [String(error)]);
    if (faults.length === 0) break;
    if (performance.now() > deadline) throw new Error(`after ${restWithin} s:\n  ${faults.join("\n  ")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const desired = written(house);
  for (const [app, belief] of beliefs) belief.found(desireOf(desired.get(app)));
}

function written({ bench }: House) {
  try {
    return parseDesired(readFileSync(bench.layout.desiredState, "utf8"));
  } catch {
    return parseDesired('{"version":3,"apps":{}}'); // nothing was ever asked for
  }
}

/** Whatever was done to it: a sound release goes live, and all others leave. */
async function goOn(player: Player, app: string): Promise<void> {
  const desire = desireOf(written(player.house).get(app));
  const sound = [1, 2, 4].find((one) => one !== desire?.live && desire?.groups[one] === undefined) ?? 1;
  const isServed = async (...asked: Parameters<Player["ask"]>): Promise<void> => {
    if (!(await player.ask(...asked)))
      throw new Error(`${app} does not go on: ${JSON.stringify(asked[1])} came to nothing`);
  };
  // What is kept warm of it would stand in its way.
  if (desire !== null && desire.live !== sound)
    await isServed(app, { verb: "retire", release: sound, drain: 0, warm: 0 });
  await isServed(app, { verb: "start", release: sound });
  await isServed(app, { verb: "await", release: sound });
  await isServed(app, { verb: "cutover", release: sound });
  const others = Object.keys(desire?.groups ?? {}).map(Number);
  for (const release of others) await isServed(app, { verb: "retire", release, drain: 0, warm: 0 });
}
