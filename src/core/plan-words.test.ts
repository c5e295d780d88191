import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "./errors.ts";
import { replaceWords } from "./plan-words.ts";
import type { BuildPlan } from "./plugin.ts";

const plan: BuildPlan = {
  summary: "",
  runtimes: [],
  steps: [
    { name: "a", argv: ["{runtime:node}/bin/node", "{tree}/x", "{other}"], cwd: ".", timeout: 1 },
    { name: "build", argv: ["/bin/sh", "-c", "echo {tree}"], cwd: ".", timeout: 1 },
  ],
  env: { A: "{cache}/a" },
  buildEnv: { B: "{tree}" },
  path: ["{tree}/bin"],
  processes: {},
  staticPaths: {},
};
const words = { tree: "/t$&", cache: "/c", runtimes: { node: "/n" } };

test("words are replaced in argv, environment and path, but not in the user's own lines", () => {
  const replaced = replaceWords(plan, words);
  assert.deepEqual(replaced.steps[0]?.argv, ["/n/bin/node", "/t$&/x", "{other}"]);
  assert.deepEqual(replaced.steps[1]?.argv, ["/bin/sh", "-c", "echo {tree}"]);
  assert.deepEqual([replaced.env, replaced.buildEnv, replaced.path], [{ A: "/c/a" }, { B: "/t$&" }, ["/t$&/bin"]]);
});

test("a runtime that nobody provisioned is the plugin's fault", () => {
  assert.throws(
    () => replaceWords(plan, { ...words, runtimes: {} }),
    (error) => error instanceof AppError && error.code === "PLUGIN_FAILED",
  );
});
