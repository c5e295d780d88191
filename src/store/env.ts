/** The environment variables of an app, each value sealed on its own, so that the database shows names but no secret. */
import { AppError } from "#core/errors.ts";
import { envValueMax } from "#core/limits.ts";
import { isEnvName, quoteStart } from "#core/names.ts";
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { appNotFound } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

/** Who chose the value: the user, Hop3 (made once), or the app's files at a deploy. */
export type EnvSource = "user" | "generated" | "file";

export type EnvInput = { readonly name: string; readonly value: string; readonly source: EnvSource };

export type EnvVariable = EnvInput & { readonly updatedAt: string };

/** Sets all entries or none. Throws INVALID_INPUT, APP_NOT_FOUND. */
export async function setEnv(db: Db, app: string, entries: readonly EnvInput[], key: MasterKey): Promise<void> {
  for (const entry of entries) checkVariable(entry);
  const updated_at = timestamp(db);
  await transaction(db, async (tx) => {
    for (const { name, value, source } of entries) {
      const sealed = seal(key, context(app, name), value);
      const upsert = query(tx)
        .insertInto("env")
        .values({ app, name, sealed, source, updated_at })
        .onConflict((conflict) => conflict.columns(["app", "name"]).doUpdateSet({ sealed, source, updated_at }))
        .execute();
      await meaning(upsert, { foreign: () => appNotFound(app) });
    }
  });
}

/** Returns the names that were set and are now gone. */
export async function unsetEnv(db: Db, app: string, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await query(db)
    .deleteFrom("env")
    .where("app", "=", app)
    .where("name", "in", [...names])
    .returning("name")
    .execute();
  return rows.map((row) => row.name).toSorted();
}

/** Makes `entries` all that there is, or changes nothing; what stays the same keeps its time. Throws INVALID_INPUT, APP_NOT_FOUND. */
export async function replaceEnv(db: Db, app: string, entries: readonly EnvInput[], key: MasterKey): Promise<void> {
  await transaction(db, async (tx) => {
    const present = new Map((await readEnv(tx, app, key)).map((entry) => [entry.name, entry]));
    const kept = new Set(entries.map(({ name }) => name));
    await unsetEnv(
      tx,
      app,
      [...present.keys()].filter((name) => !kept.has(name)),
    );
    const differs = ({ name, value, source }: EnvInput) =>
      present.get(name)?.value !== value || present.get(name)?.source !== source;
    await setEnv(tx, app, entries.filter(differs), key);
  });
}

/** All variables of the app with their values, by name. Throws INTERNAL when the key is not the one they were sealed with. */
export async function readEnv(db: Db, app: string, key: MasterKey): Promise<EnvVariable[]> {
  const rows = await query(db).selectFrom("env").selectAll().where("app", "=", app).orderBy("name").execute();
  return rows.map((row) => ({
    name: row.name,
    value: unseal(key, context(app, row.name), row.sealed),
    source: row.source,
    updatedAt: row.updated_at,
  }));
}

function context(app: string, name: string): string {
  return `env:${app}:${name}`;
}

/** What the store takes. Throws INVALID_INPUT. */
export function checkVariable({ name, value }: Pick<EnvInput, "name" | "value">): void {
  if (!isEnvName(name)) throw new AppError("INVALID_INPUT", `${quoteStart(name)} is not a valid name of a variable.`);
  if (value.includes("\0")) throw new AppError("INVALID_INPUT", `The value of ${name} holds a NUL character.`);
  if (value.length > envValueMax) {
    throw new AppError("INVALID_INPUT", `The value of ${name} is longer than ${envValueMax} characters.`);
  }
}
