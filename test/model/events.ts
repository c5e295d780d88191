/**
 * What happens in the model test, as data: a list of these can be written down, cut down and played again. Chosen by chance
 * and by what would stand if all had been served at once, never by what the supervisor did: so a seed is a list.
 */
import { served, type AppVerb, type Desire } from "./desire.ts";
import type { Random } from "./random.ts";
import { buildSteps, cronJobs, releaseNumbers, releases, soundReleases } from "./releases.ts";

export const appNames = ["ann", "bob", "cy"] as const;

export type Event = (
  | ({ readonly kind: "ask"; readonly app: string } & AppVerb)
  /** Started, awaited, made the live one, and what was live before retires: a verb after the other, whatever is answered. */
  | { readonly kind: "deploy"; readonly app: string; readonly asks: readonly AppVerb[] }
  /** kill -9: of the main process of an instance, or of its launcher, which takes with it who could tell how it ended. */
  | { readonly kind: "kill"; readonly app: string; readonly nth: number; readonly whom: "app" | "launcher" }
  | { readonly kind: "close-socket" | "hold"; readonly app: string; readonly nth: number }
  | { readonly kind: "cron"; readonly app: string; readonly job: string }
  | { readonly kind: "session"; readonly app: string; readonly end: "leave" | "end" | "kill" }
  | { readonly kind: "job"; readonly app: string; readonly step: number }
  | { readonly kind: "cancel-job"; readonly app: string }
  | { readonly kind: "kill-supervisor"; readonly away: number }
  /** It kills itself when it comes to this point the nth time from now. */
  | { readonly kind: "arm"; readonly point: string; readonly nth: number }
  | { readonly kind: "stop-supervisor" | "reboot" | "restart-service" | "kill-service" | "settle" }
) & {
  /** Milliseconds until the next one; null: until it has been answered. */
  readonly pause: number | null;
};

export const faultPoints = [
  "before-save after-save before-spawn after-spawn before-slots after-slots",
  "spawn term kill drain keep-warm slots arm-retry note-over forget",
  "before-job after-job before-session after-session session-ready after-cron-begun",
].flatMap((points) => points.split(" "));

/** An endless choice of events. */
export function* eventsOf(random: Random): Generator<Event> {
  const all = new Map<string, Desire>(appNames.map((app) => [app, null]));
  for (;;) {
    const pause = random.chance(0.6) ? null : random.below(120);
    if (random.chance(0.16)) {
      yield { ...ofHost(random), pause };
      continue;
    }
    const app = random.pick(appNames);
    const desire = all.get(app) ?? null;
    const other = random.chance(desire === null ? 0.05 : 0.35) ? otherOf(random, app) : undefined;
    if (other !== undefined) {
      yield { ...other, pause };
      continue;
    }
    const isDeploy = random.chance(desire === null ? 0.8 : 0.15);
    const asks = isDeploy ? deployOf(random, desire) : [verbOf(random, desire)];
    for (const asked of asks)
      all.set(app, (served(all.get(app) ?? null, asked) ?? { after: all.get(app) ?? null }).after);
    const [asked] = asks;
    if (isDeploy) yield { kind: "deploy", app, asks, pause };
    else if (asked !== undefined) yield { kind: "ask", app, ...asked, pause };
  }
}

type Bare<One> = One extends Event ? Omit<One, "pause"> : never;

function ofHost(random: Random): Bare<Event> {
  return random.weighted<Bare<Event>>([
    [5, { kind: "kill-supervisor", away: random.chance(0.5) ? 0 : random.below(400) }],
    [6, { kind: "arm", point: random.pick(faultPoints), nth: 1 + random.below(3) }],
    [1, { kind: "stop-supervisor" }],
    [1, { kind: "reboot" }],
    [1, { kind: "restart-service" }],
    [1, { kind: "kill-service" }],
    [3, { kind: "settle" }],
  ]);
}

function otherOf(random: Random, app: string): Bare<Event> {
  const nth = random.below(6);
  return random.weighted<Bare<Event>>([
    [5, { kind: "kill", app, nth, whom: random.chance(0.8) ? "app" : "launcher" }],
    [1, { kind: "close-socket", app, nth }],
    [2, { kind: "hold", app, nth }],
    [2, { kind: "cron", app, job: random.pick(cronJobs).name }],
    [2, { kind: "session", app, end: random.pick(["leave", "end", "kill"] as const) }],
    [2, { kind: "job", app, step: random.below(buildSteps.length) }],
    [1, { kind: "cancel-job", app }],
  ]);
}

const drains = [0, 0.3, 2] as const;
const warms = [0, 2, 60] as const;

function deployOf(random: Random, desire: Desire): AppVerb[] {
  const release = random.pick(soundReleases);
  const before = desire?.live ?? null;
  const drain = random.pick(drains);
  return [
    { verb: "start", release },
    { verb: "await", release },
    { verb: "cutover", release },
    ...(before === null || before === release
      ? []
      : [{ verb: "retire", release: before, drain, warm: random.pick(warms) } as const]),
  ];
}

function verbOf(random: Random, desire: Desire): AppVerb {
  return random.chance(0.1) ? anyVerb(random) : sensibleVerb(random, desire);
}

/** What a hop3d would ask next. */
function sensibleVerb(random: Random, desire: Desire): AppVerb {
  const drain = random.pick(drains);
  const fresh = (): AppVerb => ({ verb: "start", release: random.pick(soundReleases) });
  if (desire === null) return fresh();
  const { live, stopped, groups } = desire;
  const beside = Object.keys(groups)
    .map(Number)
    .filter((release) => release !== live);
  const [release = 0] = beside.length === 0 ? [] : [random.pick(beside)];
  const types = Object.keys(releases[live ?? 10] ?? {});
  const many = beside.length === 0 ? 0 : 1;
  const up = live !== null && !stopped ? 1 : 0;
  return random.weighted<() => AppVerb>([
    [3, fresh],
    [4 * many, () => ({ verb: "await", release })],
    [6 * many, () => ({ verb: "cutover", release })],
    [5 * many, () => ({ verb: "retire", release, drain, warm: random.pick(warms) })],
    [
      types.length === 0 ? 0 : 3 * up,
      () => ({ verb: "scale", type: random.pick(types), count: random.below(4), drain }),
    ],
    [
      3 * up,
      () => ({ verb: "renew", place: random.chance(0.5) && types.length > 0 ? `${random.pick(types)}.1` : null }),
    ],
    [4 * up, () => ({ verb: "swap", drain })],
    [1 * up, () => ({ verb: "unrenew" })],
    [1 * up, () => ({ verb: "reset" })],
    [1, () => ({ verb: "stop" })],
    [stopped ? 6 : 0.5, () => ({ verb: "resume" })],
    [0.7, () => ({ verb: "forget" })],
  ])();
}

/** What nobody in their senses would ask now. */
function anyVerb(random: Random): AppVerb {
  const release = random.pick(releaseNumbers);
  const drain = random.pick(drains);
  return random.pick<AppVerb>([
    { verb: "start", release },
    { verb: "await", release },
    { verb: "cutover", release },
    { verb: "retire", release, drain, warm: random.pick([0, 60]) },
    { verb: "scale", type: random.pick(["web", "worker"]), count: random.below(4), drain },
    { verb: "renew", place: random.chance(0.5) ? "web.1" : null },
    { verb: "swap", drain },
    { verb: "stop" },
    { verb: "resume" },
    { verb: "unrenew" },
    { verb: "reset" },
    { verb: "forget" },
  ]);
}
