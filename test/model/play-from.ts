/** Episodes one after the other, each from its own seed, until the time is over or one fails. */
import { playEpisode, type Failure } from "./episode.ts";
import { eventsOf, type Event } from "./events.ts";
import { randomOf } from "./random.ts";
import { Tally } from "./tally.ts";

const eventsOfEpisode = 40;

export type Wish = {
  readonly mode: "user" | "system";
  readonly seed: number;
  readonly seconds: number;
  /** For finding out which events of one that failed are needed; 0: none. */
  readonly shrinkSeconds: number;
  readonly say: (line: string) => void;
};

/** Resolves true when nothing went wrong. */
export async function playFrom({ mode, seed, seconds, shrinkSeconds, say }: Wish): Promise<boolean> {
  const tally = new Tally();
  const deadline = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() > deadline;
  let failure: Failure | undefined;
  let episode = 0;
  for (; !isOver() && failure === undefined; episode += 1)
    failure = await playEpisode(mode, eventsOf(randomOf(seed + episode)).take(eventsOfEpisode), tally, isOver);
  say(`${episode} episodes, ${tally.total} events`);
  for (const line of tally.lines()) say(`  ${line}`);
  if (failure === undefined) return true;
  const failed = seed + episode - 1;
  say(
    `FAILED in the episode of seed ${failed} (--seed ${failed} begins with it), after ${failure.played.length} events:`,
  );
  say(failure.message);
  for (const event of failure.played.slice(-10)) say(`  ${JSON.stringify(event)}`);
  if (shrinkSeconds === 0) return false;
  const least = await shrink(mode, failure, shrinkSeconds);
  say(`the least that was found to fail, ${least.played.length} events: ${least.message}`);
  for (const event of least.played) say(`  ${JSON.stringify(event)}`);
  return false;
}

/** Leaves events out, half of them, a quarter, ..., as long as what is left still fails and there is time. */
async function shrink(mode: Wish["mode"], first: Failure, seconds: number): Promise<Failure> {
  const deadline = performance.now() + seconds * 1000;
  let least = first;
  for (let part = Math.ceil(first.played.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < least.played.length && performance.now() < deadline;) {
      const events: Event[] = least.played.toSpliced(from, part);
      const failure = await playEpisode(mode, events, new Tally(), () => false);
      if (failure === undefined) from += part;
      else least = { ...failure, played: events };
    }
  }
  return least;
}
