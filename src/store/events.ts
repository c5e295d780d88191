/**
 * The audit log: who did what to what, and how it ended. Append-only; each row's hash covers the row before it, and a
 * head row remembers the last one, so that a row changed, removed or put in shows, and so does a cut-off end.
 */
import type { Actor, Credential, Origin } from "#core/actor.ts";
import { canonicalJson, chainHash, genesisHash } from "#core/hash-chain.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
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
  readonly credential?: string;
  readonly credentialKind?: string;
  readonly credentialName?: string;
  readonly address?: string;
  readonly request?: string;
};

export type AuditEvent = {
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly app: string | null;
  readonly target: string | null;
  readonly outcome: string;
  /** Without the origin, which stands beside it. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Nothing of it in what was written before events had one. */
  readonly origin: Origin;
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
      details: canonicalJson({ ...input.details, ...originOf(input.actor) }),
    };
    const hash = hashOf(head.hash, body);
    await query(tx)
      .insertInto("events")
      .values({ ...body, hash })
      .execute();
    await query(tx).updateTable("event_head").set({ hash }).where("id", "=", 1).execute();
    return toEvent({ ...body, hash });
  });
  input.actor.onEvent?.();
  return event;
}

function originOf({ credential, address, requestId }: Actor): OriginDetails {
  return {
    ...(credential === null ? {} : { credential: credential.id, credentialKind: credential.kind }),
    ...(credential === null || credential.name === null ? {} : { credentialName: credential.name }),
    ...(address === null ? {} : { address }),
    ...(requestId === null ? {} : { request: requestId }),
  };
}

/** In order. `after`: only those with a higher number. At most `limit`. */
export async function listEvents(
  db: Db,
  filter: { readonly app?: string; readonly after?: number; readonly limit?: number } = {},
): Promise<AuditEvent[]> {
  let select = query(db)
    .selectFrom("events")
    .selectAll()
    .where("seq", ">", filter.after ?? 0);
  if (filter.app !== undefined) select = select.where("app", "=", filter.app);
  const rows = await select
    .orderBy("seq")
    .limit(filter.limit ?? 100)
    .execute();
  return rows.map(toEvent);
}

/** The newest of an app, in order. */
export async function lastEvents(db: Db, app: string, count: number): Promise<AuditEvent[]> {
  const rows = await query(db)
    .selectFrom("events")
    .selectAll()
    .where("app", "=", app)
    .orderBy("seq", "desc")
    .limit(count)
    .execute();
  return rows.map(toEvent).toReversed();
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

/** Walks the whole chain from the first row to the head. */
export async function verifyEvents(db: Db): Promise<EventsVerdict> {
  // The head first: rows that come while we read are beyond it and are left to the next time.
  const head = await query(db).selectFrom("event_head").selectAll().where("id", "=", 1).executeTakeFirst();
  if (head === undefined) return { ok: false, seq: 0, why: "the head of the log is missing" };
  let previous = genesisHash;
  let seq = 0;
  while (seq < head.seq) {
    const rows = await query(db)
      .selectFrom("events")
      .selectAll()
      .where("seq", ">", seq)
      .where("seq", "<=", head.seq)
      .orderBy("seq")
      .limit(page)
      .execute();
    if (rows.length === 0) return { ok: false, seq: seq + 1, why: "the end of the log was cut off" };
    for (const row of rows) {
      seq += 1;
      if (row.seq !== seq) return { ok: false, seq, why: "it is missing" };
      if (hashOf(previous, row) !== row.hash) return { ok: false, seq, why: "its hash does not fit what it says" };
      previous = row.hash;
    }
  }
  if (previous !== head.hash) return { ok: false, seq, why: "the head of the log has another hash" };
  return { ok: true, count: seq };
}

function hashOf(
  previous: string,
  { seq, at, actor, action, app, target, outcome, details }: Omit<Row<"events">, "hash">,
): string {
  return chainHash(previous, canonicalJson({ seq, at, actor, action, app, target, outcome, details }));
}

/** Text that both databases give back as it was: no NUL (PostgreSQL) and no lone surrogate (UTF-8). */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function toEvent(row: Row<"events">): AuditEvent {
  const { credential, credentialKind, credentialName, address, request, ...details } = JSON.parse(
    row.details,
  ) as Record<string, unknown>;
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const id = text(credential);
  return {
    seq: row.seq,
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
