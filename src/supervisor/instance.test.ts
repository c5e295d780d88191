import assert from "node:assert/strict";
import { test } from "node:test";
import {
  instanceEvents,
  instanceStates,
  isAsked,
  isRunning,
  transition,
  type InstanceEffect,
  type InstanceEvent,
  type InstanceState,
} from "./instance.ts";

/**
 * Every state x event, for what is proven: `state effects...`; `-` where nothing happens. A missing row or column does not
 * compile.
 */
const table: Record<InstanceState, Record<InstanceEvent, string>> = {
  pending: row({ try: "starting spawn", begin: "restarting spawn", retire: "gone forget", stop: "gone forget" }),
  starting: row({
    ready: "ready slots",
    exit: "failed",
    finish: "ended note-over",
    "give-up": "failed",
    "start-timeout": "rejecting kill",
    prove: "restarting",
    retire: "stopping term",
    stop: "stopping term",
  }),
  restarting: row({
    ready: "ready slots",
    exit: "backoff arm-retry",
    finish: "ended note-over",
    "give-up": "exhausted note-over",
    "start-timeout": "expiring kill",
    recycle: "recycling term",
    retire: "stopping term",
    stop: "stopping term",
  }),
  ready: row({
    exit: "backoff slots arm-retry",
    finish: "ended slots note-over",
    "give-up": "exhausted slots note-over",
    recycle: "recycling slots term",
    retire: "draining slots drain",
    stop: "stopping slots term",
  }),
  backoff: row({
    "retry-due": "restarting spawn",
    recycle: "restarting spawn",
    reset: "restarting spawn",
    retire: "gone forget",
    stop: "gone forget",
  }),
  draining: row({ exit: "gone forget", drained: "stopping term", keep: "warm keep-warm", stop: "stopping term" }),
  warm: row({
    exit: "gone forget",
    take: "ready slots",
    cooled: "stopping term",
    retire: "stopping term",
    stop: "stopping term",
  }),
  stopping: row({ exit: "gone forget", "stop-timeout": "killing kill" }),
  killing: row({ exit: "gone forget" }),
  recycling: row({
    exit: "restarting spawn",
    "stop-timeout": "recycling kill",
    retire: "stopping term",
    stop: "stopping term",
  }),
  expiring: row({
    exit: "backoff arm-retry",
    finish: "ended note-over",
    "give-up": "exhausted note-over",
    retire: "killing",
    stop: "killing",
  }),
  rejecting: row({ exit: "failed", prove: "expiring", retire: "killing", stop: "killing" }),
  failed: row({ prove: "restarting spawn", retire: "gone forget", stop: "gone forget" }),
  ended: row({ reset: "restarting spawn", retire: "gone forget", stop: "gone forget" }),
  exhausted: row({ reset: "restarting spawn", retire: "gone forget", stop: "gone forget" }),
  gone: row({}),
};

function row(named: Partial<Record<InstanceEvent, string>>): Record<InstanceEvent, string> {
  return {
    try: "-",
    begin: "-",
    ready: "-",
    exit: "-",
    // Where no policy matters, an end is an end.
    finish: named.exit ?? "-",
    "give-up": named.exit ?? "-",
    "start-timeout": "-",
    "retry-due": "-",
    retire: "-",
    drained: "-",
    keep: "-",
    cooled: "-",
    take: "-",
    stop: "-",
    "stop-timeout": "-",
    recycle: "-",
    reset: "-",
    prove: "-",
    ...named,
  };
}

/** What the function answers, in the words of the table. */
function told(state: InstanceState, event: InstanceEvent, proven: boolean): string {
  const [next, effects] = transition(state, event, proven);
  return next === state && effects.length === 0 ? "-" : [next, ...effects].join(" ");
}

test("every state has a row and every event a column", () => {
  assert.deepEqual(Object.keys(table).sort(), [...instanceStates].sort());
  for (const state of instanceStates) assert.deepEqual(Object.keys(table[state]).sort(), [...instanceEvents].sort());
});

for (const state of instanceStates) {
  test(`from ${state} every event leads where the table says`, () => {
    for (const event of instanceEvents) {
      assert.equal(told(state, event, true), table[state][event], `${state} + ${event}`);
    }
  });
}

/** What is not proven has one try: where it differs from the table above, cell by cell. */
const unproven: Partial<Record<InstanceState, Partial<Record<InstanceEvent, string>>>> = {
  ready: { exit: "failed slots", "give-up": "failed slots" },
  restarting: { "give-up": "backoff arm-retry" },
  expiring: { "give-up": "backoff arm-retry" },
  ended: { reset: "starting spawn" },
  exhausted: { reset: "starting spawn" },
};

for (const state of instanceStates) {
  test(`from ${state} every event of what is not proven leads where the tables say`, () => {
    for (const event of instanceEvents) {
      assert.equal(told(state, event, false), unproven[state]?.[event] ?? table[state][event], `${state} + ${event}`);
    }
  });
}

/** Each state with what it may be, proven or not, that a life can come to: as `Supervised` dispatches. */
function everyLife(): (readonly [InstanceState, boolean])[] {
  const found = new Map<string, readonly [InstanceState, boolean]>();
  const look = (state: InstanceState, proven: boolean): void => {
    const key = `${state} ${proven}`;
    if (found.has(key)) return;
    found.set(key, [state, proven]);
    for (const event of instanceEvents) {
      // Each is asked of what is there for it: a first try of what is new, a take of what is warm, a restart of a service.
      if ((event === "try" || event === "begin") && state !== "pending") continue;
      if (event === "take" && state !== "warm") continue;
      if (event === "recycle" && !proven) continue;
      const next = event === "begin" || event === "prove" || (proven && event !== "try" && event !== "take");
      look(transition(state, event, next)[0], next);
    }
  };
  look("pending", true);
  return [...found.values()];
}

test("every state is come to in some life, and what waits to come back is proven", () => {
  const lives = everyLife();
  assert.deepEqual(new Set(lives.map(([state]) => state)), new Set(instanceStates));
  for (const state of ["restarting", "backoff", "expiring", "exhausted", "recycling"])
    assert.ok(!lives.some(([found, proven]) => found === state && !proven), state);
});

test("no TERM of a process that served comes before its slots are rewritten", () => {
  for (const event of instanceEvents) {
    const [, effects] = transition("ready", event, true);
    const term = effects.indexOf("term");
    if (term >= 0) assert.ok(effects.indexOf("slots") >= 0 && effects.indexOf("slots") < term, event);
  }
});

/** Every cell of the product, with what it leads to. */
function everyCell() {
  return instanceStates.flatMap((state) =>
    instanceEvents.flatMap((event) =>
      [true, false].map((proven) => {
        const [next, effects] = transition(state, event, proven);
        return { state, event, next, effects, name: `${state} + ${event}, ${proven ? "proven" : "unproven"}` };
      }),
    ),
  );
}

test("from every state a stop, then time and exits, leads to gone", () => {
  for (const proven of [true, false]) {
    for (const first of instanceStates) {
      let state: InstanceState = first;
      for (const event of ["stop", "stop-timeout", "exit"] as const) [state] = transition(state, event, proven);
      assert.equal(state, "gone", first);
    }
  }
});

test("the end of a process is answered in every state that may have one, whatever its policy says", () => {
  const ends = ["exit", "finish", "give-up"];
  for (const { state, event, next, effects, name } of everyCell().filter((cell) => ends.includes(cell.event))) {
    if (!isRunning(state)) assert.deepEqual([next, effects], [state, []], name);
    // One that is started again at once is the only one that has a process afterwards.
    else assert.ok(!isRunning(next) || (state === "recycling" && effects.includes("spawn")), `${name}: ${event}`);
  }
});

test("nothing is started beside a process that may still be there", () => {
  for (const { state, event, effects, name } of everyCell())
    if (effects.includes("spawn")) assert.ok(!isRunning(state) || event === "exit" || state === "recycling", name);
});

test("what leaves never starts again, and does not come back but from where it was kept", () => {
  const leaving: readonly InstanceState[] = ["draining", "warm", "stopping", "killing", "gone"];
  for (const { state, event, next, effects, name } of everyCell()) {
    if (!leaving.includes(state)) continue;
    assert.ok(!effects.includes("spawn"), name);
    assert.ok(leaving.includes(next) || (state === "warm" && event === "take"), name);
  }
});

test("gone is where everything is forgotten, once", () => {
  for (const { state, next, effects, name } of everyCell())
    assert.equal(effects.includes("forget"), next === "gone" && state !== "gone", name);
});

/** The states that end by themselves in time, each with the effect that starts its wait. */
const waits: Partial<Record<InstanceState, { readonly begins: InstanceEffect; readonly over: InstanceEvent }>> = {
  backoff: { begins: "arm-retry", over: "retry-due" },
  draining: { begins: "drain", over: "drained" },
  warm: { begins: "keep-warm", over: "cooled" },
  stopping: { begins: "term", over: "stop-timeout" },
  recycling: { begins: "term", over: "stop-timeout" },
};

test("whoever comes to a state that waits starts its wait, and its end is answered", () => {
  for (const { state, next, effects, name } of everyCell()) {
    const wait = waits[next];
    if (wait === undefined || next === state) continue;
    assert.ok(effects.includes(wait.begins), name);
    assert.ok(transition(next, wait.over, true)[1].length > 0, `${next} + ${wait.over}`);
  }
  for (const state of instanceStates.filter(isAsked))
    assert.deepEqual(transition(state, "stop-timeout", true)[1], ["kill"]);
});

test("what was served is taken out of the slots first, and what comes to serve is put into them", () => {
  for (const { state, next, effects, name } of everyCell()) {
    if (state === next) continue;
    if (state === "ready") assert.equal(effects[0], "slots", name);
    else assert.equal(effects.includes("slots"), next === "ready", name);
  }
});
