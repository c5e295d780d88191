/**
 * What was answered under an idempotency key, so that the same request can be answered the same without being done again.
 * An answer may hold a secret that is shown once: it is sealed.
 */
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { query, timestamp, type Db } from "./db.ts";

/** A key is its credential's alone. */
export type AnswerKey = { readonly credential: string; readonly key: string };

export type KeptAnswer = {
  /** Hash of the request without its body, and of its body; null until it was read. */
  readonly request: string;
  readonly body: string | null;
  /** JSON; null while there is none yet. */
  readonly answer: string | null;
  /** Which process of the server does it, or did. */
  readonly process: string;
};

/** Hours for which an answer is kept; and how many of one credential, the newest. */
const keptHours = 24;
const keptOfOne = 1000;

/** Takes the key for a request; what is kept under it already when it is taken. */
export async function beginAnswer(
  db: Db,
  at: AnswerKey,
  { request, process }: Pick<KeptAnswer, "request" | "process">,
  masterKey: MasterKey,
): Promise<KeptAnswer | undefined> {
  await forgetOld(db, at.credential);
  const { numInsertedOrUpdatedRows } = await query(db)
    .insertInto("answers")
    .values({ ...at, request, body: null, sealed: null, process, created_at: timestamp(db) })
    .onConflict((conflict) => conflict.columns(["credential", "key"]).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 1n) return undefined;
  const row = await query(db)
    .selectFrom("answers")
    .selectAll()
    .where("credential", "=", at.credential)
    .where("key", "=", at.key)
    .executeTakeFirst();
  // It was forgotten between the two: whoever asks next has it.
  if (row === undefined) return { request, body: null, answer: null, process: "" };
  const answer = row.sealed === null ? null : unseal(masterKey, contextOf(at), row.sealed);
  return { request: row.request, body: row.body, answer, process: row.process };
}

export async function keepAnswer(
  db: Db,
  at: AnswerKey,
  { body, answer }: { readonly body: string; readonly answer: string },
  masterKey: MasterKey,
): Promise<void> {
  await query(db)
    .updateTable("answers")
    .set({ body, sealed: seal(masterKey, contextOf(at), answer) })
    .where("credential", "=", at.credential)
    .where("key", "=", at.key)
    .execute();
}

/** The request has failed, and its client was told so. */
export async function forgetAnswer(db: Db, { credential, key }: AnswerKey): Promise<void> {
  await query(db).deleteFrom("answers").where("credential", "=", credential).where("key", "=", key).execute();
}

async function forgetOld(db: Db, credential: string): Promise<void> {
  const oldest = new Date(db.clock.now() - keptHours * 3_600_000).toISOString();
  await query(db).deleteFrom("answers").where("created_at", "<", oldest).execute();
  const beyond = await query(db)
    .selectFrom("answers")
    .select("created_at")
    .where("credential", "=", credential)
    .orderBy("created_at", "desc")
    .offset(keptOfOne - 1)
    .limit(1)
    .executeTakeFirst();
  if (beyond === undefined) return;
  await query(db)
    .deleteFrom("answers")
    .where("credential", "=", credential)
    .where("created_at", "<=", beyond.created_at)
    .execute();
}

function contextOf({ credential, key }: AnswerKey): string {
  return `answer:${credential}:${key}`;
}
