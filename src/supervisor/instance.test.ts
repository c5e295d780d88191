import assert from "node:assert/strict";
import { test } from "node:test";
import { instanceEvents, instanceStates, transition, type InstanceEvent, type InstanceState } from "./instance.ts";

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

test("every state has a row and every event a column", () => {
  assert.deepEqual(Object.keys(table).sort(), [...instanceStates].sort());
  for (const state of instanceStates) assert.deepEqual(Object.keys(table[state]).sort(), [...instanceEvents].sort());
});

for (const state of instanceStates) {
  test(`from ${state} every event leads where the table says`, () => {
    for (const event of instanceEvents) {
      const [next, effects] = transition(state, event, true);
      const said = next === state && effects.length === 0 ? "-" : [next, ...effects].join(" ");
      assert.equal(said, table[state][event], `${state} + ${event}`);
    }
  });
}

test("what is not proven differs in one thing: it does not come back, and is not given up, after it was ready", () => {
  for (const state of instanceStates) {
    for (const event of instanceEvents) {
      const isBad = event === "exit" || event === "give-up";
      const isExpiring = state === "restarting" || state === "expiring";
      let expected = transition(state, event, true);
      if (state === "ready" && isBad) expected = ["failed", ["slots"]];
      if (isExpiring && event === "give-up") expected = transition(state, "exit", true);
      assert.deepEqual(transition(state, event, false), expected, `${state} + ${event}`);
    }
  }
});

test("no TERM of a process that served comes before its slots are rewritten", () => {
  for (const event of instanceEvents) {
    const [, effects] = transition("ready", event, true);
    const term = effects.indexOf("term");
    if (term >= 0) assert.ok(effects.indexOf("slots") >= 0 && effects.indexOf("slots") < term, event);
  }
});

test("from every state a stop, then time and exits, leads to gone", () => {
  for (const first of instanceStates) {
    let state: InstanceState = first;
    for (const event of ["stop", "stop-timeout", "exit"] as const) [state] = transition(state, event, true);
    assert.equal(state, "gone", first);
  }
});
