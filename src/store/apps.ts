/** Apps: their state and the counters that number their builds, releases and deploys. */
import { nowhere, originOf, type Actor, type Origin } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { parseAppName, quote } from "#core/names.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import { firstOrg } from "./orgs.ts";
import type { Row } from "./tables.ts";

export type AppState = "new" | "running" | "stopped" | "failed";

export type App = {
  readonly name: string;
  readonly state: AppState;
  /** Why it is in this state, where there is something to say. */
  readonly message: string | null;
  /** The release that serves, once there was one. */
  readonly liveRelease: number | null;
  /** Who asked for its end, once that was accepted: from then on there is no way back. */
  readonly destroyedBy: Actor | null;
  /** The organisation that it belongs to. */
  readonly org: string;
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** Throws INVALID_APP_NAME or APP_EXISTS: a name is taken on the whole server, whose ever the app is. */
export async function createApp(db: Db, name: string, org: string = firstOrg): Promise<App> {
  const at = timestamp(db);
  const insert = query(db)
    .insertInto("apps")
    .values({
      name: parseAppName(name),
      state: "new",
      message: null,
      live_release: null,
      last_build: 0,
      last_release: 0,
      last_deploy: 0,
      created_at: at,
      updated_at: at,
      destroyed_by: null,
      destroyed_origin: null,
      org,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toApp(
    await meaning(insert, { unique: () => new AppError("APP_EXISTS", `There is already an app ${quote(name)}.`) }),
  );
}

export async function getApp(db: Db, name: string): Promise<App | undefined> {
  const row = await query(db).selectFrom("apps").selectAll().where("name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : toApp(row);
}

/** By name. */
export async function listApps(db: Db): Promise<App[]> {
  return (await query(db).selectFrom("apps").selectAll().orderBy("name").execute()).map(toApp);
}

/** Whose it is; undefined when there is no such app. */
export async function orgOfApp(db: Db, name: string): Promise<string | undefined> {
  const row = await query(db).selectFrom("apps").select("org").where("name", "=", name).executeTakeFirst();
  return row?.org;
}

/** By app, for all. */
export async function orgsOfApps(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await query(db).selectFrom("apps").select(["name", "org"]).execute();
  return new Map(rows.map(({ name, org }) => [name, org]));
}

/** Throws APP_NOT_FOUND. */
export async function setAppState(db: Db, name: string, state: AppState, message?: string): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("apps")
    .set({ state, message: message ?? null, updated_at: timestamp(db) })
    .where("name", "=", name)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw appNotFound(name);
}

/** Writes down that it is to be destroyed; the first who asked stays. Throws APP_NOT_FOUND. */
export async function markDestroyed(db: Db, name: string, by: Actor): Promise<void> {
  const { numUpdatedRows } = await query(db)
    .updateTable("apps")
    .set((eb) => ({
      // The columns on the right are those of before.
      destroyed_origin: eb
        .case()
        .when("destroyed_by", "is", null)
        .then(eb.val(JSON.stringify(originOf(by))))
        .else(eb.ref("destroyed_origin"))
        .end(),
      destroyed_by: eb.fn.coalesce("destroyed_by", eb.val(by.name)),
      updated_at: timestamp(db),
    }))
    .where("name", "=", name)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw appNotFound(name);
}

/** With everything that belongs to it; events about it stay. False when there was none. */
export async function deleteApp(db: Db, name: string): Promise<boolean> {
  const { numDeletedRows } = await query(db).deleteFrom("apps").where("name", "=", name).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The number of the app's next build, never given twice. Throws APP_NOT_FOUND. */
export function nextBuild(db: Db, app: string): Promise<number> {
  return next(db, app, "last_build");
}

/** The number of the app's next release, never given twice. Throws APP_NOT_FOUND. */
export function nextRelease(db: Db, app: string): Promise<number> {
  return next(db, app, "last_release");
}

/** The number of the app's next deploy, never given twice. Throws APP_NOT_FOUND. */
export function nextDeploy(db: Db, app: string): Promise<number> {
  return next(db, app, "last_deploy");
}

export function appNotFound(name: string): AppError {
  return new AppError("APP_NOT_FOUND", `There is no app ${quote(name)}.`);
}

async function next(db: Db, app: string, counter: "last_build" | "last_release" | "last_deploy"): Promise<number> {
  const row = await query(db)
    .updateTable("apps")
    .set((eb) => ({ [counter]: eb(counter, "+", 1) }))
    .where("name", "=", app)
    .returning(counter)
    .executeTakeFirst();
  if (row === undefined) throw appNotFound(app);
  return (row as Record<typeof counter, number>)[counter];
}

function toApp(row: Row<"apps">): App {
  return {
    name: row.name,
    state: row.state,
    message: row.message,
    liveRelease: row.live_release,
    destroyedBy: row.destroyed_by === null ? null : destroyer(row.destroyed_by, row.destroyed_origin),
    org: row.org,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function destroyer(name: string, origin: string | null): Actor {
  return { name, ...(origin === null ? nowhere : (JSON.parse(origin) as Origin)) };
}
