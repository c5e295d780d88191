/** What the apps of the model test may be told to run: a release number stands for one way to behave, whatever the app. */
import type { CronSpec, ProcessSpec, RestartPolicy } from "#core/records.ts";

/** What an instance comes to, when nobody does anything to it. */
export type Ways = "serves" | "runs" | "ends well" | "dies" | "never gets ready";

export type Process = {
  readonly ways: Ways;
  readonly words: string;
  readonly count: number;
  readonly more?: Partial<ProcessSpec>;
};

const serves = (words: string, count = 1, more: Partial<ProcessSpec> = {}): Process => ({
  ways: "serves",
  words,
  count,
  more: { startTimeout: 20, stopTimeout: 5, ...more },
});
const runs = (words: string, count = 1): Process => ({ ways: "runs", words, count });
const policy = (restart: RestartPolicy): Partial<ProcessSpec> => ({ restart });

/** By release number. */
export const releases: Readonly<Record<number, Readonly<Record<string, Process>>>> = {
  1: { web: serves("unix"), worker: runs("plain") },
  2: { web: serves("tcp", 2) },
  // Its web is that of release 1: an instance of that which is kept warm becomes its own.
  3: { web: serves("unix"), clock: runs("plain", 2) },
  4: { web: serves("unix late"), worker: runs("children", 2) },
  5: { web: serves("tcp deaf-to-term", 1, { stopTimeout: 0.5 }), worker: runs("loud") },
  6: { web: serves("unix children"), flaky: { ways: "dies", words: "dies", count: 1 } },
  7: { web: serves("tcp"), once: { ways: "ends well", words: "", count: 1, more: policy("on_failure") } },
  8: { web: { ways: "never gets ready", words: "plain", count: 1, more: { startTimeout: 0.5 } } },
  9: { web: { ways: "never gets ready", words: "dies", count: 1 }, worker: runs("plain") },
  // A site, or cron alone: no process at all.
  10: {},
};
export const releaseNumbers = Object.keys(releases).map(Number);
export const soundReleases = releaseNumbers.filter((release) =>
  Object.values(releases[release] ?? {}).every(({ ways }) => ways !== "never gets ready"),
);

export function specsOf(release: number, program: string): Record<string, Partial<ProcessSpec>> {
  return Object.fromEntries(
    Object.entries(releases[release] ?? {}).map(([type, { ways, words, count, more }]) => [
      type,
      { command: ways === "ends well" ? "true" : `exec perl ${program} ${words}`, count, ...more },
    ]),
  );
}

/** Of every release: a short job that leaves somebody behind, and a long one. */
export const cronJobs: readonly CronSpec[] = (
  [
    ["short", "setsid sleep 1000 & sleep 0.2"],
    ["long", "exec sleep 1000"],
  ] as const
).map(([name, command]) => ({
  name,
  command,
  schedule: "0 0 1 1 *",
  timeZone: "UTC",
  overlap: name === "long" ? "replace" : "allow",
  timeout: 1,
}));

/** Steps of build 1, by number. */
export const buildSteps = ["sleep 0.3", "setsid sleep 1000 & sleep 0.1", "exec sleep 1000"];
