/** Builds: what was made of a source. How it is made stands in the build record beside its tree. */
import { AppError } from "#core/errors.ts";
import { appNotFound, nextBuild } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type BuildState = "running" | "succeeded" | "failed" | "canceled";

export type Build = {
  readonly app: string;
  readonly number: number;
  /** Version of the form of its build.json. */
  readonly recordVersion: number;
  /** The builder's name: `python`, `node`, ... */
  readonly builder: string;
  /** For the user: `Python 3.11 with uv (requirements.txt)`. */
  readonly summary: string;
  readonly state: BuildState;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly endedAt: string | null;
};

export type NewBuild = Pick<Build, "recordVersion" | "builder" | "summary" | "createdBy">;

/** Numbers it and puts it in state `running`. `number` is given when nextBuild was asked before. Throws APP_NOT_FOUND. */
export async function createBuild(db: Db, app: string, input: NewBuild, number?: number): Promise<Build> {
  return transaction(db, async (tx) => {
    const insert = query(tx)
      .insertInto("builds")
      .values({
        app,
        number: number ?? (await nextBuild(tx, app)),
        record_version: input.recordVersion,
        builder: input.builder,
        summary: input.summary,
        state: "running",
        created_at: timestamp(tx),
        created_by: input.createdBy,
        ended_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toBuild(await meaning(insert, { foreign: () => appNotFound(app) }));
  });
}

/** Throws CONFLICT when it is not running. */
export async function endBuild(
  db: Db,
  app: string,
  number: number,
  state: Exclude<BuildState, "running">,
): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("builds")
    .set({ state, ended_at: timestamp(db) })
    .where("app", "=", app)
    .where("number", "=", number)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new AppError("CONFLICT", `Build ${number} of ${app} is not running.`);
}

export async function getBuild(db: Db, app: string, number: number): Promise<Build | undefined> {
  const row = await query(db)
    .selectFrom("builds")
    .selectAll()
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : toBuild(row);
}

/** The newest first, at most `limit`. */
export async function listBuilds(db: Db, app: string, limit = 50): Promise<Build[]> {
  const rows = await query(db)
    .selectFrom("builds")
    .selectAll()
    .where("app", "=", app)
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(toBuild);
}

/** For a build whose tree was removed. False when there was none. Throws CONFLICT while a release points at it. */
export async function deleteBuild(db: Db, app: string, number: number): Promise<boolean> {
  const deletion = query(db)
    .deleteFrom("builds")
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  const { numDeletedRows } = await meaning(deletion, {
    foreign: () => new AppError("CONFLICT", `Build ${number} of ${app} is still used by a release.`),
  });
  return numDeletedRows > 0n;
}

function toBuild(row: Row<"builds">): Build {
  return {
    app: row.app,
    number: row.number,
    recordVersion: row.record_version,
    builder: row.builder,
    summary: row.summary,
    state: row.state,
    createdAt: row.created_at,
    createdBy: row.created_by,
    endedAt: row.ended_at,
  };
}
