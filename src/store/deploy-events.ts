/** What the watchers of a deploy see, kept so that a watcher who comes late or comes again misses nothing. */
import { deployNotFound } from "./deploys.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";

export type DeployEvent = {
  /** 1, 2, 3, ... within the deploy, without gaps. */
  readonly seq: number;
  readonly type: string;
  /** JSON. Holds no secret. */
  readonly data: unknown;
  readonly at: string;
};

/** Throws NOT_FOUND when there is no such deploy. */
export async function appendDeployEvent(
  db: Db,
  app: string,
  deploy: number,
  type: string,
  data: unknown,
): Promise<DeployEvent> {
  return transaction(db, async (tx) => {
    // Counting in the deploy's row puts two writers in line; max(seq) + 1 would not on PostgreSQL.
    const counted = await query(tx)
      .updateTable("deploys")
      .set((eb) => ({ last_event: eb("last_event", "+", 1) }))
      .where("app", "=", app)
      .where("number", "=", deploy)
      .returning("last_event")
      .executeTakeFirst();
    if (counted === undefined) throw deployNotFound(app, deploy);
    const event = { seq: counted.last_event, type, data, at: timestamp(tx) };
    await query(tx)
      .insertInto("deploy_events")
      .values({ app, deploy, ...event, data: JSON.stringify(data ?? null) })
      .execute();
    return event;
  });
}

/** Those with a number above `after`, in order, at most `limit`. */
export async function listDeployEvents(
  db: Db,
  app: string,
  deploy: number,
  after = 0,
  limit = 1000,
): Promise<DeployEvent[]> {
  const rows = await query(db)
    .selectFrom("deploy_events")
    .selectAll()
    .where("app", "=", app)
    .where("deploy", "=", deploy)
    .where("seq", ">", after)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ seq: row.seq, type: row.type, data: JSON.parse(row.data) as unknown, at: row.at }));
}
