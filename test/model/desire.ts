/** The small model: what an app should be, and what each verb makes of that. Pure; no instance, no time, no file. */
import type { DesiredApp } from "#supervisor/desired.ts";
import { releases } from "./releases.ts";

/** Null for an app that is not known. */
export type Desire = {
  readonly live: number | null;
  readonly stopped: boolean;
  /** Counts by process type, by release. */
  readonly groups: Readonly<Record<number, Readonly<Record<string, number>>>>;
} | null;

export type AppVerb =
  | { readonly verb: "start" | "await" | "cutover"; readonly release: number }
  | { readonly verb: "retire"; readonly release: number; readonly drain: number; readonly warm: number }
  | { readonly verb: "scale"; readonly type: string; readonly count: number; readonly drain: number }
  | { readonly verb: "renew"; readonly place: string | null }
  | { readonly verb: "swap"; readonly drain: number }
  | { readonly verb: "stop" | "resume" | "unrenew" | "reset" | "forget" };

const countsOf = (release: number): Record<string, number> =>
  Object.fromEntries(Object.entries(releases[release] ?? {}).map(([type, { count }]) => [type, count]));

/** What the verb leads to when it is served; undefined where it must be refused. */
export function served(before: Desire, asked: AppVerb): { readonly after: Desire } | undefined {
  if (asked.verb === "start") {
    if (before?.live === asked.release || before?.groups[asked.release] !== undefined) return undefined;
    const counts = countsOf(asked.release);
    const groups = { ...before?.groups, ...(Object.keys(counts).length === 0 ? {} : { [asked.release]: counts }) };
    return { after: { live: null, stopped: false, ...before, groups } };
  }
  if (before === null) return undefined;
  const { live, stopped, groups } = before;
  const isUp = live !== null && !stopped;
  const isEmpty = (release: number): boolean => Object.keys(releases[release] ?? {}).length === 0;
  const ofLive = live === null || isEmpty(live) ? {} : { [live]: groups[live] ?? countsOf(live) };
  switch (asked.verb) {
    case "await":
      return live === asked.release || groups[asked.release] !== undefined || isEmpty(asked.release)
        ? { after: before }
        : undefined;
    case "cutover":
      return live === asked.release || groups[asked.release] !== undefined || isEmpty(asked.release)
        ? { after: { live: asked.release, stopped: false, groups } }
        : undefined;
    case "retire": {
      if (live === asked.release) return undefined;
      const { [asked.release]: _, ...others } = groups;
      return { after: { ...before, groups: others } };
    }
    case "scale": {
      if (!isUp || releases[live]?.[asked.type] === undefined) return undefined;
      const counts = { ...(groups[live] ?? countsOf(live)), [asked.type]: asked.count };
      return { after: { ...before, groups: { ...groups, [live]: counts } } };
    }
    case "stop":
      return { after: { live, stopped: true, groups: live === null ? {} : onlyOf(groups, live) } };
    case "resume":
      return live === null ? undefined : { after: { live, stopped: false, groups: { ...groups, ...ofLive } } };
    case "forget":
      return { after: null };
    case "unrenew":
      return { after: before };
    default:
      return isUp ? { after: before } : undefined;
  }
}

function onlyOf(groups: NonNullable<Desire>["groups"], release: number): NonNullable<Desire>["groups"] {
  const found = groups[release];
  return found === undefined ? {} : { [release]: found };
}

/** As it is written down, in the words of the model. */
export function desireOf(app: DesiredApp | undefined): Desire {
  if (app === undefined) return null;
  const groups: Record<number, Record<string, number>> = {};
  for (const { release, type, count } of app.groups) (groups[release] ??= {})[type] = count;
  return { live: app.live, stopped: app.stopped, groups };
}

/** The same for the same, whatever the order of their keys. */
export function textOf(desire: Desire): string {
  if (desire === null) return "unknown";
  const { live, stopped, groups } = desire;
  const group = ([release, counts]: [string, Readonly<Record<string, number>>]) =>
    `${release}:${Object.entries(counts)
      .map(([type, count]) => `${type}=${count}`)
      .sort()
      .join(",")}`;
  return `live ${live ?? "none"}${stopped ? ", stopped" : ""}, ${Object.entries(groups).map(group).sort().join(" ") || "no groups"}`;
}
