/**
 * kill -9 of hop3d at every point of a deploy: before and after each step's work, and while the app's own code runs. What
 * had not reached its cut-over is undone, what had is finished, and users notice nothing.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { deployStep, type DeployStep } from "#core/api/deploys.ts";
import { gatedApp, staticApp } from "./faulty/gated-app.ts";
import { interrupt, killHop3d, type Fate } from "./faulty/interruption.ts";
import { startPlatform } from "./platform.ts";

/** What becomes of a deploy that is interrupted before and after the work of a step, and at points within it. */
const fates: Record<
  DeployStep,
  { readonly before: Fate; readonly after: Fate; readonly within?: Record<string, Fate> }
> = {
  receive: { before: "never", after: "never" },
  detect: { before: "undone", after: "undone" },
  build: { before: "undone", after: "undone", within: { "app:build": "undone" } },
  release: { before: "undone", after: "undone", within: { "within:release": "undone", "app:release": "undone" } },
  start: { before: "undone", after: "undone", within: { "app:start": "undone" } },
  probe: { before: "undone", after: "undone", within: { "app:probe": "undone" } },
  "cut-over": { before: "undone", after: "finished", within: { "within:cut-over": "finished" } },
  drain: { before: "finished", after: "finished", within: { "app:drain": "finished" } },
  retire: { before: "finished", after: "finished" },
};

const isWalled = process.env["HOP3_TEST_MODE"] === "system";

function points(step: DeployStep): [string, Fate][] {
  const { before, after: then, within = {} } = fates[step];
  // Behind its walls an app sees no file of a test, and cannot be held.
  const inside = Object.entries(within).filter(([point]) => !isWalled || !point.startsWith("app:"));
  return [[`before:${step}`, before], ...inside, [`after:${step}`, then]];
}

const supervisor = join(import.meta.dirname, "faulty/supervisor.ts");
const running: ReturnType<typeof startPlatform>[] = [];
const lazily = () => {
  let one: ReturnType<typeof startPlatform> | undefined;
  return () => {
    // A host has one server of system mode.
    if (isWalled) one = running[0];
    if (one === undefined) running.push((one = startPlatform({ supervisor })));
    return one;
  };
};
after(async () => {
  for (const one of running) await (await one).stop();
});

test("every step of a deploy is interrupted below", () => {
  assert.deepEqual(Object.keys(fates), deployStep.options);
});

suite("kill -9 of hop3d", { concurrency: isWalled ? 1 : 2 }, () => {
  suite("in a deploy over an old release", { concurrency: 1 }, () => {
    const platform = lazily();
    for (const [index, [point, fate]] of deployStep.options.flatMap(points).entries()) {
      test(`at ${point}: ${fate}`, async () => {
        const on = await platform();
        const version = (number: number) => ({ version: `v${number}`, dir: gatedApp(on.base, `v${number}`) });
        const [old, next] = [version(index), version(index + 1)];
        await interrupt(on, { app: "again", point, old, next, fate, strike: killHop3d });
      });
    }
  });

  suite("in a first deploy", { concurrency: 1 }, () => {
    const platform = lazily();
    for (const [point, fate] of deployStep.options.flatMap(points)) {
      // Nothing is drained; and what is after a step here is before the next one.
      if (point === "app:drain" || /^after:(?!receive|cut-over)/.test(point)) continue;
      test(`at ${point}: ${fate}`, async () => {
        const on = await platform();
        const next = { version: "new", dir: gatedApp(on.base, "new") };
        await interrupt(on, { app: "first", point, next, fate, strike: killHop3d });
      });
    }

    for (const [point, fate] of [
      ["after:release", "undone"],
      ["before:cut-over", "finished"],
      ["after:cut-over", "finished"],
    ] as const) {
      test(`of a static site over an app with processes, at ${point}: ${fate}`, async () => {
        const on = await platform();
        const old = { version: "old", dir: gatedApp(on.base, "old") };
        const next = { version: "new", dir: staticApp(on.base, "new") };
        await interrupt(on, { app: "site", point, old, next, fate, strike: killHop3d });
      });
    }
  });
});
