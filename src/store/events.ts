/**
 * The audit log: who did what to what, and how it ended. Append-only; each row's hash covers the row before it, and a
 * head row remembers the last one, so that a row changed, removed or put in shows, and so does a cut-off end.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Actor, Credential, Origin } from "#core/actor.ts";
import { eventHash, walkChain, type EventRow } from "#core/event-chain.ts";
import { AppError } from "#core/errors.ts";
import { canonicalJson } from "#core/hash-chain.ts";
import { orgOfApp } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { firstOrg } from "./orgs.ts";
import type { Row } from "./tables.ts";

export type NewEvent = {
  /** With where from and by which credential: an event cannot be written without. */
  readonly actor: Actor;
  /** Like `app.deploy`. */
  readonly action: string;
  readonly app?: string;
  /** What it was done to: a release, a domain, a token's id. */
  readonly target?: string;
  /** Like `ok`, `denied`, or an error code. */
  readonly outcome: string;
  /** JSON without secrets. What a user names is no key here: the keys of the origin are kept for the origin. */
  readonly details?: Readonly<Record<string, unknown>> & { readonly [Key in keyof OriginDetails]?: never };
};

/** Where the details of an event say who asked; rows of before have none of them. */
type OriginDetails = {
  /** Whose event it is, unless the first organisation's. */
  readonly org?: string;
  readonly credential?: string;
  readonly credentialKind?: string;
  readonly credentialName?: string;
  readonly address?: string;
  readonly request?: string;
};

export type AuditEvent = {
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number;
  /** Whose event it is. */
  readonly org: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly app: string | null;
  readonly target: string | null;
  readonly outcome: string;
  /** Without the origin, which stands beside it. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Nothing of it in what was written before events had one. */
  readonly origin: Omit<Origin, "org">;
  readonly hash: string;
};

/** Either all rows fit, or `seq` is the first that does not. */
export type EventsVerdict =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly seq: number; readonly why: string };

/** Rows read at once while verifying. */
const page = 500;

export async function appendEvent(db: Db, input: NewEvent): Promise<AuditEvent> {
  const event = await transaction(db, async (tx) => {
    const org = input.actor.org ?? (input.app === undefined ? undefined : await orgOfApp(tx, input.app)) ?? firstOrg;
    // Taking the head first puts all writers in line, in both databases: nobody else can see the same previous hash.
    const head = await query(tx)
      .updateTable("event_head")
      .set((eb) => ({ seq: eb("seq", "+", 1) }))
      .where("id", "=", 1)
      .returning(["seq", "hash"])
      .executeTakeFirstOrThrow();
    const body = {
      seq: head.seq,
      at: timestamp(tx),
      actor: storable(input.actor.name),
      action: storable(input.action),
      app: input.app === undefined ? null : storable(input.app),
      target: input.target === undefined ? null : storable(input.target),
      outcome: storable(input.outcome),
      details: canonicalJson({ ...input.details, ...originDetails(input.actor, org) }),
    };
    const hash = eventHash(head.hash, body);
    await query(tx)
      .insertInto("events")
      .values({ ...body, hash, org })
      .execute();
    await query(tx).updateTable("event_head").set({ hash }).where("id", "=", 1).execute();
    return toEvent({ ...body, hash, org });
  });
  input.actor.onEvent?.(input.outcome);
  return event;
}

function originDetails({ credential, address, requestId }: Actor, org: string): OriginDetails {
  return {
    ...(org === firstOrg ? {} : { org }),
    ...(credential === null ? {} : { credential: credential.id, credentialKind: credential.kind }),
    ...(credential === null || credential.name === null ? {} : { credentialName: credential.name }),
    ...(address === null ? {} : { address }),
    ...(requestId === null ? {} : { request: requestId }),
  };
}

export type EventFilter = {
  /** Whose events; those of all unless said. */
  readonly org?: string;
  readonly app?: string;
  readonly actor?: string;
  /** An action, or the beginning of several up to a point: `app.env` is also `app.env.change`. */
  readonly action?: string;
  /** Not before this ISO time. */
  readonly since?: string;
  /** Without what was refused to others than this one. */
  readonly refusedOnlyTo?: string;
};

/** In order, those with a higher number than `after`. At most `limit`. */
export async function listEvents(
  db: Db,
  filter: EventFilter & { readonly after?: number; readonly limit?: number } = {},
): Promise<AuditEvent[]> {
  const rows = await matching(db, filter)
    .where("seq", ">", filter.after ?? 0)
    .orderBy("seq")
    .limit(filter.limit ?? 100)
    .execute();
  return rows.map(toEvent);
}

/** Rows looked at by one query: who looks for what is rare holds nobody else up. */
const stretch = 20_000;

/** The newest that fit, in order; `upTo` this number. */
export async function lastEvents(db: Db, filter: EventFilter, count: number, upTo?: number): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  const last = upTo ?? (await eventHead(db)).seq;
  for (let top = last; top > 0 && found.length < count; top -= stretch) {
    if (top !== last) await nextTurn();
    const rows = await matching(db, filter)
      .where("seq", ">", top - stretch)
      .where("seq", "<=", top)
      .orderBy("seq", "desc")
      .limit(count - found.length)
      .execute();
    found.push(...rows.map(toEvent));
  }
  return found.toReversed();
}

const refusals = ["DENIED", "UNAUTHENTICATED", "APP_NOT_FOUND", "RATE_LIMITED"];

function matching(db: Db, { org, app, actor, action, since, refusedOnlyTo }: EventFilter) {
  let select = query(db).selectFrom("events").selectAll();
  if (org !== undefined) select = select.where("org", "=", org);
  if (app !== undefined) select = select.where("app", "=", app);
  if (actor !== undefined) select = select.where("actor", "=", actor);
  if (since !== undefined) select = select.where("at", ">=", since);
  if (action !== undefined) {
    // `/` is what comes after `.`, and text is sorted by its bytes.
    const [from, to] = [`${action}.`, `${action}/`];
    select = select.where((eb) =>
      eb.or([eb("action", "=", action), eb.and([eb("action", ">=", from), eb("action", "<", to)])]),
    );
  }
  if (refusedOnlyTo !== undefined) {
    select = select.where((eb) => eb.or([eb("actor", "=", refusedOnlyTo), eb("outcome", "not in", refusals)]));
  }
  return select;
}

/** The number and the hash of the last event. */
export async function eventHead(db: Db): Promise<{ readonly seq: number; readonly hash: string }> {
  const head = await query(db).selectFrom("event_head").select(["seq", "hash"]).where("id", "=", 1).executeTakeFirst();
  if (head === undefined) throw new AppError("STORE_FAILED", "The head of the audit log is missing.");
  return head;
}

/** Rows as they are stored, in order, with a higher number than `after`. */
export async function rawEvents(db: Db, after: number, limit: number): Promise<EventRow[]> {
  const rows = await query(db)
    .selectFrom("events")
    .select(["seq", "at", "actor", "action", "app", "target", "outcome", "details", "hash"])
    .where("seq", ">", after)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows;
}

/** The newest of this kind, if there is one. */
export async function lastEvent(
  db: Db,
  filter: { readonly app: string; readonly action: string; readonly target: string },
): Promise<AuditEvent | undefined> {
  const row = await query(db)
    .selectFrom("events")
    .selectAll()
    .where("app", "=", filter.app)
    .where("action", "=", filter.action)
    .where("target", "=", filter.target)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toEvent(row);
}

/** Walks the whole chain from the first row to the head. `known`: a hash of it that was noted elsewhere. */
export async function verifyEvents(db: Db, known?: string): Promise<EventsVerdict> {
  // The head first: rows that come while we read are beyond it and are left to the next time.
  const head = await query(db).selectFrom("event_head").selectAll().where("id", "=", 1).executeTakeFirst();
  if (head === undefined) return { ok: false, seq: 0, why: "the head of the log is missing" };
  const walk = walkChain(known);
  while (walk.seq < head.seq) {
    // SQLite answers without waiting: others would have no turn before the end of a long log.
    await nextTurn();
    const rows = await query(db)
      .selectFrom("events")
      .selectAll()
      .where("seq", ">", walk.seq)
      .where("seq", "<=", head.seq)
      .orderBy("seq")
      .limit(page)
      .execute();
    if (rows.length === 0) return { ok: false, seq: walk.seq + 1, why: "the end of the log was cut off" };
    for (const row of rows) {
      const why = walk.add(row) ?? (row.org === toEvent(row).org ? undefined : "it is another organisation's");
      if (why !== undefined) return { ok: false, seq: walk.seq, why };
    }
  }
  if (walk.hash !== head.hash) return { ok: false, seq: walk.seq, why: "the head of the log has another hash" };
  if (!walk.metKnown) return { ok: false, seq: walk.seq, why: "the log does not go through the hash that was noted" };
  return { ok: true, count: walk.seq };
}

/** Text that both databases give back as it was: no NUL (PostgreSQL) and no lone surrogate (UTF-8). */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function toEvent(row: Row<"events">): AuditEvent {
  const stored = JSON.parse(row.details) as Record<string, unknown>;
  const { org, credential, credentialKind, credentialName, address, request, ...details } = stored;
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const id = text(credential);
  return {
    seq: row.seq,
    org: text(org) ?? firstOrg,
    at: row.at,
    actor: row.actor,
    action: row.action,
    app: row.app,
    target: row.target,
    outcome: row.outcome,
    details,
    origin: {
      credential: id === null ? null : { kind: credentialKind as Credential["kind"], id, name: text(credentialName) },
      address: text(address),
      requestId: text(request),
    },
    hash: row.hash,
  };
}
