import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "#sys/clock.ts";
import { StartTurns, type Rank, type Turn } from "./start-turns.ts";

/** Time that passes only when told. */
function handClock(): Clock & { pass(ms: number): Promise<void> } {
  let now = 0;
  let waits: { readonly at: number; readonly go: () => void }[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    elapsed: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const wait = { at: now + ms, go: resolve };
        waits.push(wait);
        signal?.addEventListener("abort", () => {
          waits = waits.filter((one) => one !== wait);
          reject(signal.reason as Error);
        });
      }),
    async pass(ms) {
      now += ms;
      const due = waits.filter(({ at }) => at <= now);
      waits = waits.filter(({ at }) => at > now);
      for (const { go } of due) go();
      await settle();
    },
  };
}

const times = { atOnce: 2, hold: 2000, least: 1000 };
const never = new AbortController().signal;

function queue() {
  const clock = handClock();
  const turns = new StartTurns(times, clock);
  const begun: string[] = [];
  const held = new Map<string, Turn>();
  const ask = async (name: string, rank: Rank, signal = never): Promise<void> => {
    const turn = await turns.take(rank, signal);
    begun.push(name);
    held.set(name, turn);
  };
  return { clock, begun, held, ask };
}

describe("starts take turns", () => {
  it("so many at a time, and the next when one is ready", async () => {
    const { clock, begun, held, ask } = queue();
    for (const name of ["a", "b", "c", "d"]) void ask(name, 1);
    await clock.pass(0);
    assert.deepEqual(begun, ["a", "b"]);
    held.get("b")?.ready();
    held.get("b")?.ready();
    await clock.pass(0);
    assert.deepEqual(begun, ["a", "b", "c"]);
  });

  it("one that ends keeps its place for the rest of the least time", async () => {
    const { clock, begun, held, ask } = queue();
    for (const name of ["a", "b", "c"]) void ask(name, 1);
    await clock.pass(300);
    held.get("a")?.ended();
    await clock.pass(699);
    assert.deepEqual(begun, ["a", "b"]);
    await clock.pass(1);
    assert.deepEqual(begun, ["a", "b", "c"]);
  });

  it("one that takes long gives its place up when its hold is over", async () => {
    const { clock, begun, ask } = queue();
    for (const name of ["a", "b", "c"]) void ask(name, 1);
    await clock.pass(1999);
    assert.deepEqual(begun, ["a", "b"]);
    await clock.pass(1);
    assert.deepEqual(begun, ["a", "b", "c"]);
  });

  it("a deploy's first try goes before what was there earlier, and what never ran before what comes back", async () => {
    const { clock, begun, held, ask } = queue();
    for (const name of ["a", "b"]) await ask(name, 2);
    void ask("back 1", 2);
    void ask("boot", 1);
    void ask("back 2", 2);
    void ask("deploy 1", 0);
    void ask("deploy 2", 0);
    for (const name of ["a", "b", "deploy 1", "deploy 2", "boot"]) {
      held.get(name)?.ready();
      await clock.pass(0);
    }
    assert.deepEqual(begun, ["a", "b", "deploy 1", "deploy 2", "boot", "back 1", "back 2"]);
  });

  it("who does not want to start any more leaves the line", async () => {
    const { clock, begun, held, ask } = queue();
    const gone = new AbortController();
    for (const name of ["a", "b"]) await ask(name, 1);
    const left = assert.rejects(ask("c", 1, gone.signal), /stopped/);
    void ask("d", 1);
    gone.abort(new Error("stopped"));
    await left;
    held.get("a")?.ready();
    await clock.pass(0);
    assert.deepEqual(begun, ["a", "b", "d"]);
    await assert.rejects(ask("e", 1, gone.signal), /stopped/);
  });
});
