/** What must hold after a kill. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { eventually } from "../e2e/apps.ts";
import { shown } from "../e2e/faulty/interruption.ts";
import { unrest } from "../e2e/faulty/remains.ts";
import type { RunningPlatform } from "../e2e/platform.ts";
import type { Kill, Missed } from "./kills.ts";
import type { Client, Said } from "./load.ts";

/** Milliseconds from a kill to a platform at rest. */
const convergence = 10_000;

export type Stopped = { readonly client: Client } & Awaited<ReturnType<Client["stop"]>>;

/** Waits for the deploy's end, which must be that of `kill`. */
export async function judge(
  platform: RunningPlatform,
  app: string,
  { fate, codes }: Kill,
  number: number | undefined,
): Promise<void> {
  if (fate === "never") return assert.equal(number, undefined, "the deploy was taken");
  assert.ok(number !== undefined, "the deploy was not taken");
  let end: Awaited<ReturnType<typeof shown>>;
  await eventually(
    "the deploy has an end",
    async () => {
      end = await shown(platform, app, number);
      return end !== undefined && end?.state !== "running";
    },
    convergence,
  );
  const came = end?.state === "succeeded" ? "finished" : "undone";
  assert.equal(came, fate, JSON.stringify(end));
  if (came === "undone") assert.ok(codes.includes(String(end?.error?.code)), `it ended with ${end?.error?.code}`);
}

export async function untilRest(platform: RunningPlatform, struck: number): Promise<void> {
  let wrong: string | undefined = "";
  const left = Math.max(0, struck + convergence - performance.now());
  const look = async () => (wrong = await unrest(platform).catch(String)) === undefined;
  await eventually("the platform is at rest", look, left).catch(() => assert.fail(`not at rest: ${wrong}`));
}

const mayMiss: Readonly<Record<Missed, readonly string[]>> = {
  nobody: [],
  edge: ["a client of the app", "another client of the app", "a client of another app"],
  app: ["a client of the app", "another client of the app", "a client past the edge"],
};

/** Milliseconds from the kill to the end of the last request that failed; fails when it ought not to have failed. */
export function missed({ client, failures }: Stopped, whom: Missed, struck: number): number {
  const may = mayMiss[whom];
  for (const { from, to, what } of failures) {
    const when = `${Math.round(from - struck)} to ${Math.round(to - struck)} ms from the kill`;
    assert.ok(may.includes(client.name) && to >= struck, `${client.name} got no answer, ${when}: ${what}`);
  }
  return Math.max(0, ...failures.map(({ to }) => to - struck));
}

/** Milliseconds for which requests may meet the old or the new: the slots of the edge are rewritten one by one. */
const switching = 250;

/** Nobody else's version, and not the old one any more when the new one has been told for a while. */
export function assertOrder(name: string, said: readonly Said[], [old, next]: readonly [string, string?]): void {
  const first = said.find(({ version }) => version === next)?.from ?? Infinity;
  for (const { from, version } of said) {
    const isRight = version === next || (version === old && from < first + switching);
    assert.ok(
      isRight,
      `${name} was told ${said.map((one) => `${one.version} (${Math.round(one.from)} ms)`).join(", ")}`,
    );
  }
}

/** What a deploy does not change: the entries of the run directory and of the platform's own folders, and the routes. */
export async function surroundings({ layout }: RunningPlatform, app: string): Promise<unknown> {
  const folders = [layout.root, layout.run, layout.supervisor, layout.edge, `${layout.edge}/live`];
  const document = await liveDocument(layout.caddyAdminSocket);
  const hosts = [...document.matchAll(/[a-z0-9-]+\.localhost/g)].map(([host]) => host);
  assert.ok(hosts.includes(`${app}.localhost`), "the edge does not tell its routes");
  return { entries: folders.map((folder) => readdirSync(folder).toSorted()), hosts: [...new Set(hosts)].toSorted() };
}

/** The variables of the store are those of what serves: neither has gone without the other. */
export async function assertVariables(platform: RunningPlatform, app: string, serves: string): Promise<void> {
  const { variables } = (await platform.api("GET", `/apps/${app}/env/values`)) as {
    variables: { name: string; value: string }[];
  };
  const shade = variables.find(({ name }) => name === "SHADE")?.value ?? "";
  assert.equal(shade, serves.includes("-") ? serves.slice(serves.indexOf("-")) : "", "the store has other variables");
}

function liveDocument(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/config/", headers: { host: "" } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text)).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}
