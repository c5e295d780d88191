/** How often a user's password, or somebody at an address, was wrong. What is too often is decided above. */
import { query, timestamp, transaction, type Db } from "./db.ts";
import type { Row } from "./tables.ts";

export type FailureKind = "user" | "address";

/** Times in milliseconds since the epoch. */
export type Failures = {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly lockedUntil: number | null;
};

/** Milliseconds after which a row that was not touched goes. */
const keepMs = 48 * 3600 * 1000;

/**
 * Replaces what is stored of a subject by what `decide` makes of it, one at a time; `next` undefined leaves it. The answer
 * is `decide`'s.
 */
export async function changeFailures<Decision extends { readonly next?: Failures }>(
  db: Db,
  kind: FailureKind,
  subject: string,
  decide: (known: Failures | undefined, now: number) => Decision,
): Promise<Decision> {
  const now = db.clock.now();
  const at = timestamp(db);
  return transaction(db, async (tx) => {
    // An insert or an update of nothing: either holds the row until the end of the transaction.
    const row = await query(tx)
      .insertInto("failures")
      .values({ kind, subject, count: 0, first_at: at, last_at: at, locked_until: null })
      .onConflict((conflict) => conflict.columns(["kind", "subject"]).doUpdateSet({ kind }))
      .returningAll()
      .executeTakeFirstOrThrow();
    const decision = decide(row.count === 0 ? undefined : toFailures(row), now);
    const { next } = decision;
    if (next !== undefined) {
      const time = (ms: number) => new Date(ms).toISOString();
      await query(tx)
        .updateTable("failures")
        .set({
          count: next.count,
          first_at: time(next.firstAt),
          last_at: time(next.lastAt),
          locked_until: next.lockedUntil === null ? null : time(next.lockedUntil),
        })
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .execute();
    }
    if (row.count === 0) {
      const old = new Date(now - keepMs).toISOString();
      await query(tx).deleteFrom("failures").where("last_at", "<", old).execute();
    }
    return decision;
  });
}

/** All is well again. */
export async function forgetFailures(db: Db, kind: FailureKind, subject: string): Promise<void> {
  await query(db).deleteFrom("failures").where("kind", "=", kind).where("subject", "=", subject).execute();
}

function toFailures(row: Row<"failures">): Failures {
  return {
    count: row.count,
    firstAt: Date.parse(row.first_at),
    lastAt: Date.parse(row.last_at),
    lockedUntil: row.locked_until === null ? null : Date.parse(row.locked_until),
  };
}
