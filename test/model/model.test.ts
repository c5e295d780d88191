/** A short run of `npm run model`, always the same events; and that it would notice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { served, textOf, type Desire } from "./desire.ts";
import { appNames, eventsOf, faultPoints } from "./events.ts";
import { playFrom } from "./play-from.ts";
import { randomOf } from "./random.ts";

describe("the model test", () => {
  it("finds a supervisor that is killed and misled for some seconds with all that should run, and nothing else", async () => {
    const said: string[] = [];
    const isPassed = await playFrom({
      mode: "user",
      seed: 100,
      seconds: 8,
      shrinkSeconds: 0,
      say: (line) => said.push(line),
    });
    assert.ok(isPassed, said.join("\n"));
  });

  it("chooses the same events for the same seed, of every kind", () => {
    const list = (seed: number) => eventsOf(randomOf(seed)).take(2000).toArray();
    assert.deepEqual(list(5), list(5));
    assert.notDeepEqual(list(5), list(6));
    const kinds = new Set(list(5).map((event) => (event.kind === "ask" ? event.verb : event.kind)));
    assert.equal(kinds.size, 12 + 15, [...kinds].join(" "));
    assert.equal(new Set(list(5).map((event) => ("app" in event ? event.app : ""))).size, appNames.length + 1);
    assert.equal(
      new Set(list(5).map((event) => (event.kind === "arm" ? event.point : ""))).size,
      faultPoints.length + 1,
    );
  });

  it("knows what each verb leads to, and which must be refused", () => {
    let now: Desire = null;
    const told: string[] = [];
    for (const asked of [
      { verb: "stop" },
      { verb: "start", release: 1 },
      { verb: "start", release: 1 },
      { verb: "cutover", release: 1 },
      { verb: "scale", type: "web", count: 3, drain: 0 },
      { verb: "start", release: 2 },
      { verb: "retire", release: 1, drain: 0, warm: 0 },
      { verb: "cutover", release: 2 },
      { verb: "retire", release: 1, drain: 0, warm: 0 },
      { verb: "stop" },
      { verb: "scale", type: "web", count: 3, drain: 0 },
      { verb: "resume" },
      { verb: "forget" },
    ] as const) {
      const found: { readonly after: Desire } | undefined = served(now, asked);
      told.push(found === undefined ? `${asked.verb} refused` : textOf(found.after));
      now = found === undefined ? now : found.after;
    }
    assert.deepEqual(told, [
      "stop refused",
      "live none, 1:web=1,worker=1",
      "start refused",
      "live 1, 1:web=1,worker=1",
      "live 1, 1:web=3,worker=1",
      "live 1, 1:web=3,worker=1 2:web=2",
      "retire refused",
      "live 2, 1:web=3,worker=1 2:web=2",
      "live 2, 2:web=2",
      "live 2, stopped, 2:web=2",
      "scale refused",
      "live 2, 2:web=2",
      "unknown",
    ]);
  });
});
