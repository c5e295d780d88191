/**
 * Names for completion that only the server knows. A Tab must not wait: they are kept for seconds, asked for a second at most,
 * and a server that does not answer is not asked again at the next Tab. What fails is an empty list, and nothing is said.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import type { Client } from "../client.ts";
import type { Completes } from "../define-command.ts";

/** Those that the server knows; servers and contexts are in the person's own files. */
export type LiveNames = Exclude<Completes, "server" | "context">;

export const liveKinds: readonly LiveNames[] = ["app", "process", "env", "cron", "release", "domain"];

/** Milliseconds. */
export const namesPatience = 1000;
const freshFor = 10_000;
const staleFor = 24 * 3_600_000;

/** More than anybody reads through. */
const namesMax = 500;

/** Shells take a list of completions for more than text: nothing passes that could be more. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/;

type Kept = { readonly version: 1; readonly at: number; readonly triedAt: number; readonly names: readonly string[] };

export type NamesQuestion = {
  readonly kind: LiveNames;
  readonly server: string;
  /** Undefined for the list of apps. */
  readonly app: string | undefined;
  /** `~/.cache/hop3/names`. */
  readonly cache: string;
  readonly now: number;
  /** Made only when the server is asked. */
  readonly client: () => Client;
};

/** Never rejects. */
export async function liveNames(question: NamesQuestion): Promise<readonly string[]> {
  const { kind, cache, now } = question;
  const file = join(cache, `${keyOf(question)}.json`);
  const kept = readKept(file);
  const age = now - (kept?.at ?? 0);
  const isFresh = kept !== undefined && now - kept.triedAt < freshFor && now >= kept.triedAt;
  const stale = kept !== undefined && age < staleFor ? kept.names : [];
  if (isFresh) return stale;
  try {
    const found = await ask(kind, question.client(), question.app);
    const names = [...new Set(found)].filter((name) => plainName.test(name)).slice(0, namesMax);
    keep(file, { version: 1, at: now, triedAt: now, names });
    return names;
  } catch {
    keep(file, { version: 1, at: kept?.at ?? 0, triedAt: now, names: stale });
    return stale;
  }
}

async function ask(kind: LiveNames, client: Client, app: string | undefined): Promise<readonly string[]> {
  if (kind === "app") return (await client.call("listApps", {})).apps.map((one) => one.app);
  if (app === undefined) return [];
  const params = { app };
  switch (kind) {
    case "process": {
      const { processes } = await client.call("listProcesses", { params });
      return processes.flatMap(({ type, instances }) => [type, ...instances.map(({ name }) => name)]);
    }
    case "env":
      return (await client.call("listEnv", { params })).variables.map(({ name }) => name);
    case "cron":
      return (await client.call("listCron", { params })).jobs.map(({ name }) => name);
    case "release":
      return (await client.call("listReleases", { params })).releases.map(({ release }) => String(release));
    case "domain":
      return (await client.call("listDomains", { params })).domains.map(({ domain }) => domain);
  }
}

function keyOf({ kind, server, app }: NamesQuestion): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([server, app]))
    .digest("hex");
  return `${kind}-${hash.slice(0, 24)}`;
}

function readKept(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as Partial<Kept>;
    const { version, at, triedAt } = kept;
    if (version !== 1 || typeof at !== "number" || typeof triedAt !== "number") return undefined;
    const names = (Array.isArray(kept.names) ? kept.names : []).filter(
      (name): name is string => typeof name === "string" && plainName.test(name),
    );
    return { version, at, triedAt, names };
  } catch {
    return undefined;
  }
}

/** It is a comfort: where it cannot be kept, it is asked for again. */
function keep(file: string, kept: Kept): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomic(file, JSON.stringify(kept));
  } catch {
    // A full disk, or a home that is not ours to write.
  }
}
