/** How each table of the matrix comes to its next release: of which app, and who is asked for it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deployLive, eventually } from "../e2e/apps.ts";
import { gatedApp, staticApp } from "../e2e/faulty/gated-app.ts";
import { post, shown } from "../e2e/faulty/interruption.ts";
import type { RunningPlatform } from "../e2e/platform.ts";
import type { Way } from "./cells.ts";

export type Next = {
  /** What the app answers when it has come to its end. */
  readonly version: string;
  /** Resolves with the number of the deploy that it is; undefined when it was not taken. */
  begin(): Promise<number | undefined>;
  /** Looked into when it has come to its end and its new instance was not killed. */
  assertServed?(platform: RunningPlatform): Promise<void>;
};

export type Begun = {
  readonly app: string;
  /** Its web instances are dialed at the address that its slots say; without any the edge serves it. */
  readonly hasInstances: boolean;
  /** The app, deployed often enough for what every cell finds. */
  prepare(platform: RunningPlatform): Promise<void>;
  /** Makes up for what the cell before may have ended. */
  restore?(platform: RunningPlatform): Promise<void>;
  /** `serves` is what the app answers now. */
  next(platform: RunningPlatform, serves: string): Promise<Next>;
};

let versions = 0;
const nextVersion = () => `v${(versions += 1)}`;

export const neighbour = "neighbour";
export async function prepareNeighbour(platform: RunningPlatform): Promise<void> {
  await deployLive(platform, gatedApp(platform.base, nextVersion()), neighbour);
}

function uploaded(app: string, source: (base: string, version: string) => string, hasInstances = true): Begun {
  return {
    app,
    hasInstances,
    async prepare(platform) {
      // The second one drains, which leaves what every later one finds.
      for (const version of [nextVersion(), nextVersion()])
        await deployLive(platform, source(platform.base, version), app);
    },
    next: async (platform) => {
      const version = nextVersion();
      const dir = source(platform.base, version);
      return { version, begin: () => post(platform, dir, app) };
    },
  };
}

const deploy = uploaded("loaded", (base, version) => gatedApp(base, version));

type Listed = { readonly release: number; readonly build: number; readonly restorable: boolean };

/** Back to the newest release of which this holds. */
async function back(
  platform: RunningPlatform,
  app: string,
  wanted: (one: Listed, version: string) => boolean,
): Promise<Next> {
  const { releases } = (await platform.api("GET", `/apps/${app}/releases`)) as { releases: Listed[] };
  const versionOf = (build: number) => readFileSync(join(platform.layout.buildTree(app, build), "version"), "utf8");
  const older = releases.find((one) => one.restorable && wanted(one, versionOf(one.build)));
  assert.ok(older !== undefined, "there is nothing to go back to");
  const body = { release: older.release };
  const begin = async () => ((await platform.api("POST", `/apps/${app}/rollback`, body)) as { deploy: number }).deploy;
  return { version: versionOf(older.build), begin };
}

const rollback: Begun = {
  ...deploy,
  next: (platform, serves) => back(platform, deploy.app, (_, version) => version !== serves),
};

const keeping = uploaded("kept", (base, version) => gatedApp(base, version, { keepWarm: 3600 }));

async function keptInstance(platform: RunningPlatform): Promise<{ id: string; release: number } | undefined> {
  return (await instances(platform)).find(({ state }) => state === "warm");
}

async function instances(platform: RunningPlatform) {
  const { apps } = await platform.supervisor.call("status", {});
  return apps.find(({ app }) => app === keeping.app)?.instances ?? [];
}

const warm: Begun = {
  ...keeping,
  async restore(platform) {
    if ((await keptInstance(platform)) !== undefined) return;
    await deployLive(platform, gatedApp(platform.base, nextVersion(), { keepWarm: 3600 }), keeping.app);
    await eventually("an instance is kept", async () => (await keptInstance(platform)) !== undefined);
  },
  async next(platform) {
    const kept = await keptInstance(platform);
    return {
      ...(await back(platform, keeping.app, ({ release }) => release === kept?.release)),
      async assertServed() {
        const ids = (await instances(platform)).filter(({ state }) => state === "ready").map(({ id }) => id);
        assert.deepEqual(ids, [kept?.id], "another instance than the kept one serves");
      },
    };
  },
};

const shaded = uploaded("shaded", (base, version) => gatedApp(base, version));

/** The request ends with the change itself, or with hop3d, so it is not waited for; its number is the next one of the app. */
const variables: Begun = {
  ...shaded,
  async next(platform, serves) {
    const { app } = shaded;
    const { deploys } = (await platform.api("GET", `/apps/${app}/deploys`)) as { deploys: { deploy: number }[] };
    const [code = "", shade = "0"] = serves.split("-");
    const next = `-${Number(shade) + 1}`;
    const change = { set: { SHADE: next }, unset: [] };
    const number = Math.max(0, ...deploys.map((one) => one.deploy)) + 1;
    const begin = async () => {
      void platform.api("PATCH", `/apps/${app}/env`, change).catch(() => undefined);
      await eventually("the change has begun", async () => (await shown(platform, app, number)) !== null);
      return number;
    };
    return { version: `${code}${next}`, begin };
  },
};

export const begunBy: Readonly<Record<Way, Begun>> = {
  deploy,
  rollback,
  warm,
  variables,
  tcp: uploaded("on-a-port", (base, version) => gatedApp(base, version, { listens: "tcp" })),
  site: uploaded("site", staticApp, false),
  cancel: deploy,
};
