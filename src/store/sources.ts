/** Where an app's deploys come from. */
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { appNotFound } from "./apps.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

/** What a deploy was made of, where that is known; an upload says nothing of it. */
export type DeploySource =
  | {
      readonly kind: "push";
      readonly branch: string;
      /** 40 hexadecimal digits. */
      readonly commit: string;
    }
  /** `ref` as it was asked for; null for what the repository's HEAD names. */
  | { readonly kind: "git"; readonly url: string; readonly ref: string | null; readonly commit: string }
  /** `url` without its query. */
  | { readonly kind: "archive"; readonly url: string; readonly sha256: string };

/** The repository that the server fetches an app from. */
export type PullSource = {
  readonly url: string;
  /** `refs/heads/main`, a tag, a commit; null for what the repository's HEAD names. */
  readonly ref: string | null;
  readonly credential: PullCredential | null;
  readonly setBy: string;
  readonly updatedAt: string;
};

/** What opens a private repository over https. */
export type PullCredential = { readonly user: string; readonly token: string };

/** The branch that deploys the app; null until the first push has, or somebody says which. */
export async function deployBranch(db: Db, app: string): Promise<string | null> {
  const row = await query(db).selectFrom("sources").select("branch").where("app", "=", app).executeTakeFirst();
  return row?.branch ?? null;
}

/** Throws APP_NOT_FOUND. */
export async function setDeployBranch(db: Db, app: string, branch: string): Promise<void> {
  const updated_at = timestamp(db);
  const insert = query(db)
    .insertInto("sources")
    .values({ app, branch, updated_at, url: null, ref: null, credential: null, set_by: null })
    .onConflict((conflict) => conflict.column("app").doUpdateSet({ branch, updated_at }))
    .execute();
  await meaning(insert, { foreign: () => appNotFound(app) });
}

/** Undefined when none is remembered. */
export async function pullSource(db: Db, app: string, key: MasterKey): Promise<PullSource | undefined> {
  const row = await query(db).selectFrom("sources").selectAll().where("app", "=", app).executeTakeFirst();
  if (row === undefined || row.url === null) return undefined;
  const { url, ref, credential, set_by, updated_at } = row;
  const opened = credential === null ? null : (JSON.parse(unseal(key, context(app), credential)) as PullCredential);
  return { url, ref, credential: opened, setBy: set_by ?? "", updatedAt: updated_at };
}

/**
 * Replaces all of it: a credential stays with the address that it was given for, so that who may change the address cannot
 * have it sent elsewhere. Throws APP_NOT_FOUND.
 */
export async function setPullSource(
  db: Db,
  app: string,
  { url, ref, credential, setBy }: Omit<PullSource, "updatedAt">,
  key: MasterKey,
): Promise<void> {
  const updated_at = timestamp(db);
  const sealed = credential === null ? null : seal(key, context(app), JSON.stringify(credential));
  const set = { url, ref, credential: sealed, set_by: setBy, updated_at };
  const insert = query(db)
    .insertInto("sources")
    .values({ app, branch: null, ...set })
    .onConflict((conflict) => conflict.column("app").doUpdateSet(set))
    .execute();
  await meaning(insert, { foreign: () => appNotFound(app) });
}

/** False when there was none. */
export async function removePullSource(db: Db, app: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("sources")
    .set({ url: null, ref: null, credential: null, set_by: null, updated_at: timestamp(db) })
    .where("app", "=", app)
    .where("url", "is not", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function context(app: string): string {
  return `source:${app}`;
}
