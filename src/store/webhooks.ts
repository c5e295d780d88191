/**
 * Webhooks: who may have an app fetched and deployed by knowing a secret. What is signed with the secret must be computed
 * here, so it is sealed and not hashed. The id is in an address that a forge is given: it names, and opens nothing.
 */
import { randomBytes } from "node:crypto";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { appNotFound } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type Webhook = {
  readonly id: string;
  readonly app: string;
  readonly name: string;
  /** Pushes to it deploy; null for that of the app's source. */
  readonly branch: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly rotatedAt: string | null;
  /** When something came last that was signed, and what became of it. */
  readonly lastAt: string | null;
  readonly lastOutcome: string | null;
};

/** Deliveries that are remembered of a webhook: for so long, and so many at most. */
const rememberedMs = 7 * 86_400_000;
const rememberedMax = 1000;

/** `secret` is shown once. Throws CONFLICT for a name that the app has, APP_NOT_FOUND. */
export async function createWebhook(
  db: Db,
  input: { readonly app: string; readonly name: string; readonly branch: string | null; readonly createdBy: string },
  key: MasterKey,
): Promise<{ readonly webhook: Webhook; readonly secret: string }> {
  const id = randomBytes(16).toString("base64url").replaceAll(/[-_]/g, "0");
  const secret = newSecret();
  const insert = query(db)
    .insertInto("webhooks")
    .values({
      id,
      app: input.app,
      name: input.name,
      branch: input.branch,
      secret: seal(key, context(id), secret),
      created_at: timestamp(db),
      created_by: input.createdBy,
      rotated_at: null,
      last_at: null,
      last_outcome: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const row = await meaning(insert, {
    unique: () => new AppError("CONFLICT", `${input.app} has a webhook ${quote(input.name)} already.`),
    foreign: () => appNotFound(input.app),
  });
  return { webhook: toWebhook(row), secret };
}

/** By name. */
export async function listWebhooks(db: Db, app: string): Promise<Webhook[]> {
  const rows = await query(db).selectFrom("webhooks").selectAll().where("app", "=", app).orderBy("name").execute();
  return rows.map(toWebhook);
}

/** With what its deliveries are signed with. */
export async function findWebhook(
  db: Db,
  id: string,
  key: MasterKey,
): Promise<{ readonly webhook: Webhook; readonly secret: string } | undefined> {
  const row = await query(db).selectFrom("webhooks").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : { webhook: toWebhook(row), secret: unseal(key, context(id), row.secret) };
}

/** The new secret; the old one opens nothing from then on. Throws NOT_FOUND. */
export async function rotateWebhook(db: Db, app: string, name: string, key: MasterKey): Promise<string> {
  const secret = newSecret();
  await transaction(db, async (tx) => {
    const found = await query(tx)
      .selectFrom("webhooks")
      .select("id")
      .where("app", "=", app)
      .where("name", "=", name)
      .executeTakeFirst();
    if (found === undefined) throw webhookNotFound(app, name);
    const sealed = seal(key, context(found.id), secret);
    await query(tx)
      .updateTable("webhooks")
      .set({ secret: sealed, rotated_at: timestamp(tx) })
      .where("id", "=", found.id)
      .execute();
  });
  return secret;
}

/** Throws NOT_FOUND. */
export async function removeWebhook(db: Db, app: string, name: string): Promise<void> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("webhooks")
    .where("app", "=", app)
    .where("name", "=", name)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw webhookNotFound(app, name);
}

/** What became of the last delivery that was signed. */
export async function noteDelivery(db: Db, id: string, outcome: string): Promise<void> {
  await query(db)
    .updateTable("webhooks")
    .set({ last_at: timestamp(db), last_outcome: outcome })
    .where("id", "=", id)
    .execute();
}

/** False when one of these came before: of two that come at once one is told so. Forgets what is old, and then the oldest. */
export async function takeDelivery(db: Db, id: string, marks: readonly string[]): Promise<boolean> {
  return transaction(db, async (tx) => {
    const at = timestamp(tx);
    const before = new Date(tx.clock.now() - rememberedMs).toISOString();
    await query(tx).deleteFrom("webhook_deliveries").where("webhook", "=", id).where("at", "<", before).execute();
    const rows = marks.map((delivery) => ({ webhook: id, delivery, at }));
    const known = await query(tx)
      .selectFrom("webhook_deliveries")
      .select("delivery")
      .where("webhook", "=", id)
      .where("delivery", "in", [...marks])
      .executeTakeFirst();
    if (known !== undefined) return false;
    const { numInsertedOrUpdatedRows = 0n } = await query(tx)
      .insertInto("webhook_deliveries")
      .values(rows)
      .onConflict((conflict) => conflict.columns(["webhook", "delivery"]).doNothing())
      .executeTakeFirst();
    const kept = query(tx)
      .selectFrom("webhook_deliveries")
      .select("delivery")
      .where("webhook", "=", id)
      .orderBy("at", "desc")
      .limit(rememberedMax);
    await query(tx)
      .deleteFrom("webhook_deliveries")
      .where("webhook", "=", id)
      .where("delivery", "not in", kept)
      .execute();
    return numInsertedOrUpdatedRows === BigInt(marks.length);
  });
}

/** So that one whose deploy could not even begin can be sent again. */
export async function forgetDelivery(db: Db, id: string, marks: readonly string[]): Promise<void> {
  await query(db)
    .deleteFrom("webhook_deliveries")
    .where("webhook", "=", id)
    .where("delivery", "in", [...marks])
    .execute();
}

function newSecret(): string {
  return `hop3w_${randomBytes(32).toString("base64url")}`;
}

function context(id: string): string {
  return `webhook:${id}`;
}

function webhookNotFound(app: string, name: string): AppError {
  return new AppError("NOT_FOUND", `${app} has no webhook ${quote(name)}.`, {
    hint: "`hop3 webhook list` shows them.",
  });
}

function toWebhook(row: Row<"webhooks">): Webhook {
  return {
    id: row.id,
    app: row.app,
    name: row.name,
    branch: row.branch,
    createdAt: row.created_at,
    createdBy: row.created_by,
    rotatedAt: row.rotated_at,
    lastAt: row.last_at,
    lastOutcome: row.last_outcome,
  };
}
