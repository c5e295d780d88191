/** Where an app's deploys come from. */
import { appNotFound } from "./apps.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

/** What a deploy was made of, where that is known; an upload says nothing of it. */
export type DeploySource = {
  readonly kind: "push";
  readonly branch: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
};

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
    .values({ app, branch, updated_at })
    .onConflict((conflict) => conflict.column("app").doUpdateSet({ branch, updated_at }))
    .execute();
  await meaning(insert, { foreign: () => appNotFound(app) });
}
