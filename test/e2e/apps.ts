/**
 * What the end-to-end tests ask of a running platform, and the checks they make of the apps on it. How the platform is
 * started belongs to platform.ts; this file sees it only through `TestPlatform`.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { type EdgeAnswer, type EdgeTarget, fetchThroughEdge } from "./http-through-edge.ts";

export type DeployFailure = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: readonly string[];
};

export type DeployResult =
  | { readonly outcome: "live"; readonly builder: string }
  | { readonly outcome: "failed"; readonly error: DeployFailure };

export type TestPlatform = {
  /** Uploads `dir` as app `name`, makes the app when there is none, and resolves when the deploy has ended. */
  deploy(dir: string, name: string): Promise<DeployResult>;
  /** Where the app's own address is reached. */
  edge(name: string): EdgeTarget;
  /** How the edge dials the app's web process; `none` when it has none. */
  listens(name: string): Promise<"unix" | "tcp" | "none">;
  destroy(name: string): Promise<void>;
};

export type Validation = { readonly path: string; readonly status: number; readonly contains: string };

/** The checks that an app states for itself: `[[test.validations]]` of its hop3.toml. Throws when it states none. */
export function validationsOf(dir: string): readonly Validation[] {
  const { test } = parse(readFileSync(join(dir, "hop3.toml"), "utf8")) as { test?: { validations?: unknown } };
  const validations = Array.isArray(test?.validations) ? (test.validations as readonly Record<string, unknown>[]) : [];
  assert.notEqual(validations.length, 0, `${dir} states no check of its own`);
  return validations.map(({ type, path, status, contains = "" }) => {
    assert.equal(type, "http", "the only type of check that there is");
    assert.ok(typeof path === "string" && typeof status === "number" && typeof contains === "string");
    return { path, status, contains };
  });
}

/** Asks the app through the edge and fails with what it answered instead. */
export async function assertAnswers(target: EdgeTarget, { path, status, contains }: Validation): Promise<EdgeAnswer> {
  const answer = await fetchThroughEdge(target, path);
  const said = `${target.host}${path} answered ${answer.status}: ${answer.body.slice(0, 500)}`;
  assert.equal(answer.status, status, said);
  assert.ok(answer.body.includes(contains), `${JSON.stringify(contains)} is missing; ${said}`);
  return answer;
}

/** Deploys and expects it to go live; a failure is told with all that the platform said of it. */
export async function deployLive(platform: TestPlatform, dir: string, name: string): Promise<{ builder: string }> {
  const result = await platform.deploy(dir, name);
  if (result.outcome === "live") return result;
  const { code, message, details } = result.error;
  return assert.fail(`${name} did not go live: ${code}: ${message}\n${details.join("\n")}`);
}

/** Asks `condition` again and again until it holds. Fails after `timeoutMs` with `what` it was. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `Not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
