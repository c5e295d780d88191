/** Releases: written once, never changed. What one runs stands in its release record; here is that it exists, and which one serves. */
import { AppError } from "#core/errors.ts";
import { nextRelease } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

/** Why it was made: new code, other settings with the same code, or an older release brought back. */
export type ReleaseReason = "deploy" | "config" | "rollback";

export type Release = {
  readonly app: string;
  readonly number: number;
  /** The build that it runs. */
  readonly build: number;
  /** Version of the form of its release.json. */
  readonly recordVersion: number;
  readonly reason: ReleaseReason;
  readonly summary: string;
  readonly createdAt: string;
  readonly createdBy: string;
};

export type NewRelease = Pick<Release, "build" | "recordVersion" | "reason" | "summary" | "createdBy">;

/** Numbers it. `number` is given when nextRelease was asked before. Throws APP_NOT_FOUND; CONFLICT when there is no such build. */
export async function createRelease(db: Db, app: string, input: NewRelease, number?: number): Promise<Release> {
  return transaction(db, async (tx) => {
    const insert = query(tx)
      .insertInto("releases")
      .values({
        app,
        number: number ?? (await nextRelease(tx, app)),
        build: input.build,
        record_version: input.recordVersion,
        reason: input.reason,
        summary: input.summary,
        created_at: timestamp(tx),
        created_by: input.createdBy,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRelease(
      await meaning(insert, {
        foreign: () => new AppError("CONFLICT", `There is no build ${input.build} of ${app} to release.`),
      }),
    );
  });
}

export async function getRelease(db: Db, app: string, number: number): Promise<Release | undefined> {
  const row = await query(db)
    .selectFrom("releases")
    .selectAll()
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : toRelease(row);
}

/** The newest first, at most `limit`. */
export async function listReleases(db: Db, app: string, limit = 50): Promise<Release[]> {
  const rows = await query(db)
    .selectFrom("releases")
    .selectAll()
    .where("app", "=", app)
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(toRelease);
}

/** For a release whose record was removed. False when there was none. Nobody asks for the one that serves. */
export async function deleteRelease(db: Db, app: string, number: number): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("releases")
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The release that serves; undefined before the first cut-over, or when there is no such app. */
export async function liveRelease(db: Db, app: string): Promise<Release | undefined> {
  const row = await query(db)
    .selectFrom("releases")
    .innerJoin("apps", (join) =>
      join.onRef("apps.name", "=", "releases.app").onRef("apps.live_release", "=", "releases.number"),
    )
    .selectAll("releases")
    .where("releases.app", "=", app)
    .executeTakeFirst();
  return row === undefined ? undefined : toRelease(row);
}

/** Says that the release serves now, or with null that none does. Throws NOT_FOUND when there is no such release. */
export async function setLive(db: Db, app: string, release: number | null): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("apps")
    .set({ live_release: release, updated_at: timestamp(db) })
    .where("name", "=", app)
    .$if(release !== null, (update) =>
      update.where((eb) =>
        eb.exists(eb.selectFrom("releases").select("number").where("app", "=", app).where("number", "=", release)),
      ),
    )
    .executeTakeFirst();
  if (release !== null && numUpdatedRows === 0n)
    throw new AppError("NOT_FOUND", `There is no release ${release} of ${app}.`);
}

function toRelease(row: Row<"releases">): Release {
  return {
    app: row.app,
    number: row.number,
    build: row.build,
    recordVersion: row.record_version,
    reason: row.reason,
    summary: row.summary,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
