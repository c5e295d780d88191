import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leapingClock } from "../testing-clock.ts";
import { defaultPace, Turns } from "./turns.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A line with work that ends when it is told to. */
function line() {
  const clock = leapingClock(0);
  const turns = new Turns(clock, defaultPace);
  const begun: string[] = [];
  const running = new Map<string, () => void>();
  const add = (name: string, app: string, key: string | null = name, first = false) => {
    const turn = {
      app,
      key,
      work: async () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        running.set(name, resolve);
        await promise;
        running.delete(name);
      },
    };
    turns.add(turn, first);
    return turn;
  };
  const pass = async (ms: number) => {
    clock.leap(ms);
    await settle();
  };
  const end = async (name: string) => {
    running.get(name)?.();
    await settle();
  };
  return { turns, begun, running, add, pass, end };
}

describe("turns", () => {
  it("of 200 that come at once: a start every 250 ms, 16 at a time, and each has its turn", async () => {
    const { begun, running, add, pass, end } = line();
    for (let index = 0; index < 200; index += 1) add(`j${index}`, `app${index}`);
    assert.equal(begun.length, 1);
    await pass(100);
    assert.equal(begun.length, 1);
    for (let start = 2; start <= 16; start += 1) {
      await pass(250);
      assert.equal(begun.length, start);
    }
    await pass(1000);
    assert.equal(begun.length, 16);
    for (let over = 0; over < 200; over += 1) {
      assert.ok(running.size <= 16);
      await end(begun[over] ?? "");
      await pass(250);
    }
    assert.deepEqual(
      begun,
      Array.from({ length: 200 }, (_, index) => `j${index}`),
    );
  });

  it("of an app that has four running wait, and hold up nobody else", async () => {
    const { begun, add, pass, end } = line();
    for (let index = 0; index < 6; index += 1) add(`a${index}`, "a");
    add("b", "b");
    for (let start = 0; start < 8; start += 1) await pass(250);
    assert.deepEqual(begun, ["a0", "a1", "a2", "a3", "b"]);
    await end("a2");
    assert.equal(begun.at(-1), "a4");
  });

  it("of one key come one after the other; without a key beside each other", async () => {
    const { begun, add, pass, end } = line();
    add("old", "a", "nightly");
    add("new", "a", "nightly");
    add("free", "a", null);
    add("other", "a", null);
    for (let start = 0; start < 5; start += 1) await pass(250);
    assert.deepEqual(begun, ["old", "free", "other"]);
    await end("old");
    assert.equal(begun.at(-1), "new");
  });

  it("that are asked for by hand come first, and those that are taken out never", async () => {
    const { turns, begun, add, pass } = line();
    add("a", "a");
    const out = add("b", "b");
    add("c", "c");
    add("now", "d", "now", true);
    turns.remove(out);
    for (let start = 0; start < 5; start += 1) await pass(250);
    assert.deepEqual(begun, ["a", "now", "c"]);
  });
});
