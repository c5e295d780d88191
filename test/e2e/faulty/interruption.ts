/** One deploy that is interrupted at one point, and what must hold afterwards. */
import assert from "node:assert/strict";
import type { DeployStep } from "#core/api/deploys.ts";
import { deployLive, eventually } from "../apps.ts";
import { fetchThroughEdge } from "../http-through-edge.ts";
import { tarOf, type RunningPlatform } from "../platform.ts";
import { haltAt } from "./points.ts";
import { assertGone, remainsOf, unrest } from "./remains.ts";
import { watchEdge, type Watching } from "./watch-edge.ts";

/** `never`: there is no such deploy; `undone`: it failed and the old release serves; `finished`: the new one serves. */
export type Fate = "never" | "undone" | "finished";

/** Milliseconds from the interruption to the end of the deploy, with nothing left half done. */
const convergence = 10_000;

/** Resolves with the deploy's number once it was taken; undefined when the connection broke before. */
export async function post(
  platform: RunningPlatform,
  dir: string,
  app: string,
  more = "",
): Promise<number | undefined> {
  const response = await fetch(`${platform.apiUrl}/apps/${app}/deploys?create=true${more}`, {
    method: "POST",
    headers: { authorization: `Bearer ${platform.token}`, "content-type": "application/x-tar" },
    body: await tarOf(dir),
  }).catch(() => undefined);
  if (response === undefined) return undefined;
  const body = await response.text();
  assert.equal(response.status, 202, body);
  return (JSON.parse(body) as { deploy: number }).deploy;
}

type Shown = {
  readonly state: string;
  readonly step: DeployStep;
  readonly error: { readonly code: string; readonly message: string } | null;
};

/** The deploy as the API shows it; undefined while the API is away, null when there is none. */
export async function shown(platform: RunningPlatform, app: string, deploy: number): Promise<Shown | null | undefined> {
  const headers = { authorization: `Bearer ${platform.token}` };
  const response = await fetch(`${platform.apiUrl}/apps/${app}/deploys/${deploy}`, { headers }).catch(() => undefined);
  if (response?.status === 404) return null;
  return response?.ok === true ? ((await response.json()) as Shown) : undefined;
}

export async function killHop3d(platform: RunningPlatform): Promise<void> {
  const { services } = await platform.supervisor.call("status", {});
  const pid = services.find(({ name }) => name === "hop3d")?.pid;
  assert.ok(typeof pid === "number", "hop3d does not run");
  process.kill(pid, "SIGKILL");
  await eventually("another hop3d runs", async () => {
    const status = await platform.supervisor.call("status", {});
    const now = status.services.find(({ name }) => name === "hop3d")?.pid;
    return typeof now === "number" && now !== pid;
  });
}

export type Interruption = {
  readonly app: string;
  readonly point: string;
  /** Version and directory of what serves; undefined for a first deploy. */
  readonly old?: { readonly version: string; readonly dir: string };
  readonly next: { readonly version: string; readonly dir: string };
  readonly fate: Fate;
  /** Codes that an undone deploy may end with. */
  readonly codes?: readonly string[];
  /** Done while the deploy stands at the point. */
  readonly strike: (platform: RunningPlatform) => Promise<void>;
};

export async function interrupt(platform: RunningPlatform, one: Interruption): Promise<void> {
  const watches: Watching[] = [];
  try {
    await interrupted(platform, one, watches);
  } finally {
    for (const watch of watches) watch.abandon();
  }
}

async function interrupted(platform: RunningPlatform, one: Interruption, watches: Watching[]): Promise<void> {
  const { app, old, next, fate } = one;
  // What the case before has left is as good as a deploy of it.
  if (old !== undefined && (await said(platform, app)) !== old.version) await deployLive(platform, old.dir, app);
  const before = remainsOf(platform, app);
  const edge = platform.edge(app);
  const halt = haltAt(platform.base, one.point);
  const inFlight = one.point === "app:drain" ? fetchThroughEdge(edge, "/slow") : undefined;
  if (inFlight !== undefined) await halt.reached();
  const watching = old === undefined ? undefined : watchEdge(edge);
  if (watching !== undefined) watches.push(watching);
  const posting = post(platform, next.dir, app);
  let struck = 0;
  try {
    if (inFlight !== undefined) await untilStep(platform, app, await posting, "drain");
    else await halt.reached();
    struck = performance.now();
    await one.strike(platform);
  } finally {
    halt.release();
  }
  const number = await posting;
  const deploy = number ?? (await lastDeploy(platform, app));
  if (fate === "never") assert.equal(number, undefined, "it was taken");
  else {
    await eventually(
      "the deploy has an end",
      async () => {
        const state = (await shown(platform, app, deploy))?.state;
        return state !== undefined && state !== "running";
      },
      convergence,
    );
    const end = await shown(platform, app, deploy);
    assert.equal(end?.state, fate === "finished" ? "succeeded" : "failed", JSON.stringify(end));
    if (fate === "undone")
      assert.ok((one.codes ?? ["UNAVAILABLE"]).includes(String(end?.error?.code)), `it ended with ${end?.error?.code}`);
  }
  let wrong: string | undefined = "";
  await eventually(
    "the platform is at rest",
    async () => (wrong = await unrest(platform)) === undefined,
    convergence,
  ).catch(() => assert.fail(`not at rest: ${wrong}`));
  assert.ok(performance.now() - struck < convergence, "it took too long");
  await inFlight?.then((answer) => assert.deepEqual([answer.status, answer.body], [200, old?.version]));

  const serves = fate === "finished" ? next.version : old?.version;
  if (serves !== undefined) {
    assert.equal(await said(platform, app), serves);
    await watching?.stop([...(old === undefined ? [] : [old.version]), ...(fate === "finished" ? [next.version] : [])]);
  }
  if (fate !== "finished") {
    if (fate === "never" && old === undefined) assertGone(platform, app);
    else assert.deepEqual(remainsOf(platform, app), before, "something of the deploy was left behind");
  }
  await deployLive(platform, next.dir, app);
  assert.equal(await said(platform, app), next.version);
  if (old !== undefined) return;
  await platform.destroy(app);
  assertGone(platform, app);
}

async function said(platform: RunningPlatform, app: string): Promise<string> {
  return (await fetchThroughEdge(platform.edge(app), "/")).body;
}

export async function untilStep(platform: RunningPlatform, app: string, deploy: number | undefined, step: DeployStep) {
  assert.ok(deploy !== undefined);
  await eventually(`the deploy is in ${step}`, async () => (await shown(platform, app, deploy))?.step === step);
}

async function lastDeploy(platform: RunningPlatform, app: string): Promise<number> {
  await eventually(
    "the API is back",
    async () => (await fetch(`${platform.apiUrl}/version`).catch(() => undefined))?.ok === true,
  );
  const found = (await platform.api("GET", `/apps/${app}`).catch(() => null)) as {
    lastDeploy: { deploy: number } | null;
  } | null;
  return found?.lastDeploy?.deploy ?? 0;
}
