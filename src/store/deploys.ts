/**
 * Deploys: one attempt each to bring an app to a new release. At most one of an app runs at a time; the schema says so.
 * The journal of its steps is in deploy-steps.ts, what its watchers see in deploy-events.ts.
 */
import { nowhere, originOf, type Origin } from "#core/actor.ts";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { appNotFound, nextDeploy } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { DeploySource } from "./sources.ts";
import type { Row } from "./tables.ts";

export type DeployState = "queued" | "running" | "succeeded" | "failed" | "canceled";

/** Why a deploy failed, as the user was told. Holds no secret. */
export type DeployError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details: readonly string[];
};

export type Deploy = {
  readonly app: string;
  readonly number: number;
  readonly state: DeployState;
  /** The step that began last. */
  readonly step: string | null;
  readonly summary: string;
  readonly build: number | null;
  readonly release: number | null;
  readonly error: DeployError | null;
  /** What is said of its cancel, once one was accepted; it may not have ended yet. */
  readonly canceled: string | null;
  /** What it was made of; null for an upload, a rollback, a change of settings. */
  readonly source: DeploySource | null;
  readonly createdAt: string;
  readonly createdBy: string;
  /** By which credential and from where it was asked for; a deploy of an older Hop3 does not know. */
  readonly origin: Origin;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
};

export type DeployChange = { readonly summary?: string; readonly build?: number; readonly release?: number };

/** Numbers it and puts it in state `queued`. `number` is given when nextDeploy was asked before. Throws APP_NOT_FOUND. */
export async function createDeploy(
  db: Db,
  app: string,
  input: {
    readonly summary: string;
    readonly createdBy: string;
    readonly origin?: Origin;
    readonly source?: DeploySource | undefined;
  },
  number?: number,
): Promise<Deploy> {
  return transaction(db, async (tx) => {
    const insert = query(tx)
      .insertInto("deploys")
      .values({
        app,
        number: number ?? (await nextDeploy(tx, app)),
        state: "queued",
        step: null,
        summary: input.summary,
        build: null,
        release: null,
        error: null,
        created_at: timestamp(tx),
        created_by: input.createdBy,
        started_at: null,
        ended_at: null,
        last_step: 0,
        last_event: 0,
        canceled: null,
        origin: input.origin === undefined ? null : JSON.stringify(originOf(input.origin)),
        source: input.source === undefined ? null : JSON.stringify(input.source),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toDeploy(await meaning(insert, { foreign: () => appNotFound(app) }));
  });
}

/** From `queued` to `running`. Throws DEPLOY_RUNNING while another deploy of the app runs, CONFLICT when it is not queued. */
export async function startDeploy(db: Db, app: string, number: number): Promise<void> {
  const update = query(db)
    .updateTable("deploys")
    .set({ state: "running", started_at: timestamp(db) })
    .where("app", "=", app)
    .where("number", "=", number)
    .where("state", "=", "queued")
    .executeTakeFirst();
  const { numUpdatedRows } = await meaning(update, {
    unique: () => new AppError("DEPLOY_RUNNING", `Another deploy of ${quote(app)} is running.`),
  });
  if (numUpdatedRows === 0n)
    throw new AppError("CONFLICT", `Deploy ${number} of ${quote(app)} is not waiting to start.`);
}

/** Writes down what a deploy came to know. Throws NOT_FOUND. */
export async function changeDeploy(db: Db, app: string, number: number, change: DeployChange): Promise<void> {
  if (Object.keys(change).length === 0) return;
  const { numUpdatedRows } = await query(db)
    .updateTable("deploys")
    .set(change)
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw deployNotFound(app, number);
}

/** Writes down that it is canceled, and what is said of that; the first cancel counts. Nothing for one that has ended. */
export async function markCanceled(db: Db, app: string, number: number, message: string): Promise<void> {
  await query(db)
    .updateTable("deploys")
    .set({ canceled: message })
    .where("app", "=", app)
    .where("number", "=", number)
    .where("canceled", "is", null)
    .where("state", "in", ["queued", "running"])
    .executeTakeFirst();
}

/** Throws CONFLICT when it has ended already. */
export async function endDeploy(
  db: Db,
  app: string,
  number: number,
  state: "succeeded" | "failed" | "canceled",
  error?: DeployError,
): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("deploys")
    .set({ state, error: error === undefined ? null : JSON.stringify(error), ended_at: timestamp(db) })
    .where("app", "=", app)
    .where("number", "=", number)
    .where("state", "in", ["queued", "running"])
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new AppError("CONFLICT", `Deploy ${number} of ${quote(app)} is not running.`);
}

export async function getDeploy(db: Db, app: string, number: number): Promise<Deploy | undefined> {
  const row = await query(db)
    .selectFrom("deploys")
    .selectAll()
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : toDeploy(row);
}

/** The newest first, at most `limit`, of those `before` a number where one is given. */
export async function listDeploys(db: Db, app: string, limit = 50, before?: number): Promise<Deploy[]> {
  const all = query(db).selectFrom("deploys").selectAll().where("app", "=", app);
  const rows = await (before === undefined ? all : all.where("number", "<", before))
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(toDeploy);
}

/** Writes down what a deploy turned out to be made of, once that was fetched. Throws NOT_FOUND. */
export async function setDeploySource(db: Db, app: string, number: number, source: DeploySource): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("deploys")
    .set({ source: JSON.stringify(source) })
    .where("app", "=", app)
    .where("number", "=", number)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw deployNotFound(app, number);
}

/** Of the newest deploy that was made of a push and went live; undefined when none is remembered. */
export async function lastPushed(db: Db, app: string): Promise<Extract<DeploySource, { kind: "push" }> | undefined> {
  const rows = await query(db)
    .selectFrom("deploys")
    .select("source")
    .where("app", "=", app)
    .where("state", "=", "succeeded")
    .where("source", "is not", null)
    .orderBy("number", "desc")
    .execute();
  return rows
    .map(({ source }) => JSON.parse(source ?? "null") as DeploySource)
    .find((source) => source.kind === "push");
}

/** Queued or running deploys of all apps: at a start of hop3d, those that its predecessor left half done. By app, oldest first. */
export async function unfinishedDeploys(db: Db): Promise<Deploy[]> {
  const rows = await query(db)
    .selectFrom("deploys")
    .selectAll()
    .where("state", "in", ["queued", "running"])
    // By number and not by time: a clock that was set back would turn the line of an app round.
    .orderBy("app")
    .orderBy("number")
    .execute();
  return rows.map(toDeploy);
}

/**
 * Forgets deploys that have ended, with their journals and events: all but the newest `newest`, and of those the ones that
 * ended before `before` (ISO time). The last deploy stays. Returns how many went.
 */
export async function forgetDeploys(db: Db, app: string, newest: number, before: string): Promise<number> {
  const last = await query(db).selectFrom("apps").select("last_deploy").where("name", "=", app).executeTakeFirst();
  if (last === undefined) return 0;
  const { numDeletedRows } = await query(db)
    .deleteFrom("deploys")
    .where("app", "=", app)
    .where("number", "<", last.last_deploy)
    .where("ended_at", "is not", null)
    .where((eb) => eb.or([eb("number", "<=", last.last_deploy - newest), eb("ended_at", "<", before)]))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

export function deployNotFound(app: string, number: number): AppError {
  return new AppError("NOT_FOUND", `There is no deploy ${number} of ${quote(app)}.`);
}

function toDeploy(row: Row<"deploys">): Deploy {
  return {
    app: row.app,
    number: row.number,
    state: row.state,
    step: row.step,
    summary: row.summary,
    build: row.build,
    release: row.release,
    canceled: row.canceled,
    source: row.source === null ? null : (JSON.parse(row.source) as DeploySource),
    error: row.error === null ? null : (JSON.parse(row.error) as DeployError),
    createdAt: row.created_at,
    createdBy: row.created_by,
    origin: row.origin === null ? nowhere : (JSON.parse(row.origin) as Origin),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
