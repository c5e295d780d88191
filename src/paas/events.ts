/** What was done and what happened: the audit log for who may look at an app, and for who may look at all of it. */
import type { EventQuery, EventView } from "#core/api/events.ts";
import { sinceMs } from "#core/since.ts";
import { type AuditEvent, eventHead, type EventFilter, lastEvents, listEvents } from "#store/events.ts";
import type { Platform } from "./platform.ts";
import { requireApp } from "./require-app.ts";

type Needs = Pick<Platform, "store" | "clock" | "signals">;

/** Whose eyes these are: `all` of an auditor, else who asked from where is told of `name` alone. */
export type Sight = { readonly name: string; readonly all: boolean };

type Wanted = Omit<EventQuery, "app">;
type Item = { readonly event: "event"; readonly data: EventView; readonly id: string };

/** The last ones, the oldest first. Of an earlier app of this name nothing is told. Throws APP_NOT_FOUND. */
export async function appEvents(platform: Needs, app: string, wanted: Wanted, sight: Sight): Promise<EventView[]> {
  const filter = await ofApp(platform, app, wanted, sight);
  return (await lastEvents(platform.store, filter, wanted.lines)).map((one) => seen(one, sight));
}

/** Those of an organisation, likewise. */
export async function orgEvents(platform: Needs, org: string, wanted: EventQuery): Promise<EventView[]> {
  const found = await lastEvents(platform.store, { org, ...filterOf(platform, wanted) }, wanted.lines);
  return found.map((one) => seen(one, auditor));
}

/** The last ones, or all after the event `after`, then each new one; ends with the app. */
export async function* followAppEvents(
  platform: Needs,
  app: string,
  wanted: Wanted,
  sight: Sight,
  after: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  const filter = await ofApp(platform, app, wanted, sight);
  yield* follow(platform, filter, wanted.lines, sight, after, signal);
}

export async function* followOrgEvents(
  platform: Needs,
  org: string,
  wanted: EventQuery,
  after: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  yield* follow(platform, { org, ...filterOf(platform, wanted) }, wanted.lines, auditor, after, signal);
}

const auditor: Sight = { name: "", all: true };

/** Milliseconds between looks for new events, and how many are read at once. */
const every = 500;
const page = 500;

async function* follow(
  { store, signals }: Needs,
  filter: EventFilter,
  lines: number,
  sight: Sight,
  resume: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  let after = resume ?? (await eventHead(store)).seq;
  const item = (one: AuditEvent): Item => ({ event: "event", data: seen(one, sight), id: String(one.seq) });
  if (resume === undefined) for (const one of await lastEvents(store, filter, lines, after)) yield item(one);
  while (!signal.aborted) {
    const fresh = await listEvents(store, { ...filter, after, limit: page });
    for (const one of fresh) {
      yield item(one);
      after = one.seq;
    }
    if (fresh.length < page) await signals.wait("events", every, signal);
  }
}

async function ofApp(platform: Needs, app: string, wanted: Wanted, { name, all }: Sight): Promise<EventFilter> {
  const { createdAt, org } = await requireApp(platform, app);
  const { since, ...filter } = filterOf(platform, wanted);
  return {
    ...filter,
    app,
    org,
    since: since === undefined || since < createdAt ? createdAt : since,
    ...(all ? {} : { refusedOnlyTo: name }),
  };
}

function filterOf({ clock }: Needs, { app, user, action, since }: Partial<EventQuery>): EventFilter {
  const from = since === undefined ? undefined : sinceMs(since, clock.now());
  return {
    ...(app === undefined ? {} : { app }),
    ...(user === undefined ? {} : { actor: user }),
    ...(action === undefined ? {} : { action }),
    ...(from === undefined ? {} : { since: new Date(from).toISOString() }),
  };
}

function seen({ seq, at, actor, action, app, target, outcome, details, origin }: AuditEvent, sight: Sight): EventView {
  const isTold = sight.all || sight.name === actor;
  return {
    seq,
    at,
    actor,
    action,
    app,
    target,
    outcome,
    details,
    credential: isTold ? origin.credential : null,
    address: isTold ? origin.address : null,
    request: isTold ? origin.requestId : null,
  };
}
