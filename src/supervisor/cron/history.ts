/**
 * What became of an app's cron jobs: an entry a run, a bounded number of each job, in one versioned file an app. Pure but for
 * the reading and writing of the file; who decides what runs is cron.ts.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAppName } from "#core/names.ts";
import { replaceFile } from "../atomic-file.ts";
import type { CronOutcome, CronRun } from "../protocol.ts";
import { entries, fields, list, numberMax, oneOf, processTypeOf, text, whole } from "../shape.ts";

const outcomes = [
  "waiting",
  "running",
  "succeeded",
  "failed",
  "timed-out",
  "canceled",
  "skipped",
  "lost",
] as const satisfies readonly CronOutcome[];

/** Times are milliseconds since the epoch. */
export type CronEntry = CronRun<number>;

export type AppHistory = {
  readonly lastRun: number;
  /** The newest last. */
  readonly jobs: ReadonlyMap<string, readonly CronEntry[]>;
};

/** Entries of a job that are kept, and jobs of an app; those that an app has now stay longest. */
export const entriesKept = 20;
const jobsKept = 100;

export const noHistory: AppHistory = { lastRun: 0, jobs: new Map() };

export function entriesOf(history: AppHistory, job: string): readonly CronEntry[] {
  return history.jobs.get(job) ?? [];
}

/** With one entry more; its number is `lastRun` of the answer. */
export function withRun(
  history: AppHistory,
  job: string,
  facts: Omit<CronEntry, "run" | "times"> & { readonly times?: number },
): AppHistory {
  const run = history.lastRun + 1;
  const all = [...entriesOf(history, job), { times: 1, ...facts, run }];
  return { lastRun: run, jobs: bounded(new Map(history.jobs).set(job, kept(all)), job) };
}

/** A due time at which nothing was begun. Those in a row that have the same reason share an entry. */
export function withSkipped(
  history: AppHistory,
  job: string,
  facts: { readonly due: number; readonly now: number; readonly reason: string },
): AppHistory {
  const { due, now, reason } = facts;
  const all = entriesOf(history, job);
  const last = all.at(-1);
  if (last?.outcome === "skipped" && last.reason === reason) {
    const again = { ...last, due, endedAt: now, times: last.times + 1 };
    return { ...history, jobs: new Map(history.jobs).set(job, [...all.slice(0, -1), again]) };
  }
  const none = { release: null, startedAt: null, exit: null, trigger: "schedule" } as const;
  return withRun(history, job, { ...none, due, endedAt: now, outcome: "skipped", reason });
}

export function withChange(history: AppHistory, run: number, facts: Partial<Omit<CronEntry, "run">>): AppHistory {
  const changed = (one: CronEntry): CronEntry => (one.run === run ? { ...one, ...facts } : one);
  return { ...history, jobs: new Map([...history.jobs].map(([job, all]) => [job, all.map(changed)])) };
}

/** What waited for its turn when a supervisor died begins late by this much at most, in milliseconds. */
const lateMax = 3 * 3_600_000;

/** After the death of a supervisor: what ran was lost, and what waited is `again` in line unless it is too late or nobody asks. */
export function settled(
  history: AppHistory,
  now: number,
): { readonly history: AppHistory; readonly again: readonly { readonly job: string; readonly run: number }[] } {
  let next = history;
  const again: { job: string; run: number }[] = [];
  for (const [job, all] of history.jobs) {
    for (const { run, outcome, trigger, due } of all) {
      const isLate = trigger === "manual" || Math.abs(now - due) > lateMax;
      if (outcome === "running") {
        next = withChange(next, run, { outcome: "lost", endedAt: now, reason: "the supervisor died over it" });
      } else if (outcome === "waiting" && isLate) {
        next = withChange(next, run, { outcome: "skipped", endedAt: now, reason: "the supervisor was away" });
      } else if (outcome === "waiting") again.push({ job, run });
    }
  }
  return { history: next, again };
}

export function isOver({ outcome }: CronEntry): boolean {
  return outcome !== "waiting" && outcome !== "running";
}

/** The oldest that are over go first: what runs is in here as long as it runs. */
function kept(all: readonly CronEntry[]): readonly CronEntry[] {
  let surplus = all.length - entriesKept;
  return all.filter((one) => !(isOver(one) && surplus-- > 0));
}

function bounded(jobs: Map<string, readonly CronEntry[]>, used: string): Map<string, readonly CronEntry[]> {
  const newest = (job: string): number => jobs.get(job)?.at(-1)?.run ?? 0;
  const old = [...jobs.keys()].filter((job) => job !== used).toSorted((a, b) => newest(a) - newest(b));
  for (const job of old.slice(0, Math.max(0, jobs.size - jobsKept))) jobs.delete(job);
  return jobs;
}

/** Of all apps. What cannot be read is told to `warn` and begins anew: no job waits for its own past. */
export function readHistories(directory: string, warn: (app: string, reason: string) => void): Map<string, AppHistory> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = new Map<string, AppHistory>();
  for (const file of readdirSync(directory)) {
    const app = /^(.+)\.json$/.exec(file)?.[1] ?? "";
    if (!isAppName(app)) continue;
    try {
      found.set(app, parseHistory(readFileSync(join(directory, file), "utf8")));
    } catch (error) {
      warn(app, String(error));
    }
  }
  return found;
}

export function saveHistory(directory: string, app: string, history: AppHistory): void {
  const { lastRun, jobs } = history;
  replaceFile(join(directory, `${app}.json`), JSON.stringify({ version: 1, lastRun, jobs: Object.fromEntries(jobs) }));
}

export function removeHistory(directory: string, app: string): void {
  rmSync(join(directory, `${app}.json`), { force: true });
}

/** Throws a Refusal that names the first thing that is wrong. */
export function parseHistory(body: string): AppHistory {
  const where = "a history of cron";
  const found = fields(JSON.parse(body), where, ["version", "lastRun", "jobs"]);
  whole(found["version"], `${where}: version`, 1, 1);
  const jobs = new Map<string, readonly CronEntry[]>();
  for (const [job, all] of entries(found["jobs"], `${where}: jobs`, jobsKept)) {
    jobs.set(processTypeOf(job, `${where}: job`), list(all, `${where}: ${job}`, 10_000).map(entryOf));
  }
  return { lastRun: whole(found["lastRun"], `${where}: lastRun`, 0, numberMax), jobs };
}

function entryOf(value: unknown): CronEntry {
  const where = "a run of cron";
  const found = fields(value, where, [
    "run",
    "release",
    "trigger",
    "due",
    "startedAt",
    "endedAt",
    "outcome",
    "exit",
    "times",
    "reason",
  ]);
  const orNull = <T>(key: string, read: (given: unknown) => T): T | null =>
    found[key] === null ? null : read(found[key]);
  const moment = (given: unknown): number => whole(given, `${where}: time`, 0, Number.MAX_SAFE_INTEGER);
  return {
    run: whole(found["run"], `${where}: run`, 1, numberMax),
    release: orNull("release", (given) => whole(given, `${where}: release`, 0, numberMax)),
    trigger: oneOf(found["trigger"], `${where}: trigger`, ["schedule", "manual"]),
    due: moment(found["due"]),
    startedAt: orNull("startedAt", moment),
    endedAt: orNull("endedAt", moment),
    outcome: oneOf(found["outcome"], `${where}: outcome`, outcomes),
    exit: orNull("exit", (given) => whole(given, `${where}: exit`, 0, 255)),
    times: whole(found["times"], `${where}: times`, 1, numberMax),
    reason: orNull("reason", (given) => text(given, `${where}: reason`, 1000)),
  };
}

/** When the supervisor last looked what is due; undefined when it never did, or nobody can tell. */
export function readLooked(path: string): { readonly fixed: number; readonly often: number } | undefined {
  try {
    const found = fields(JSON.parse(readFileSync(path, "utf8")), "the last look", ["version", "fixed", "often"]);
    whole(found["version"], "version", 1, 1);
    const [fixed, often] = ["fixed", "often"].map((key) => whole(found[key], key, 0, Number.MAX_SAFE_INTEGER));
    return { fixed: fixed ?? 0, often: often ?? 0 };
  } catch {
    return undefined;
  }
}

export function saveLooked(path: string, looked: { readonly fixed: number; readonly often: number }): void {
  replaceFile(path, JSON.stringify({ version: 1, ...looked }));
}
