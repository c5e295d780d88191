/**
 * The journal of a deploy: a row is written before a step and again after it, so that whoever finds a deploy half done
 * knows which step may have happened in part, and with which facts.
 */
import { AppError } from "#core/errors.ts";
import { deployNotFound } from "./deploys.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import type { Row } from "./tables.ts";

/** `undone`: its effects were taken back after it had failed or its process had died. */
export type StepOutcome = "done" | "failed" | "canceled" | "undone";

/** What a step needs to be resumed or undone, as JSON. Holds no secret. */
export type StepFacts = Readonly<Record<string, unknown>>;

/** Names one row of the journal; a step that is done again has another row. */
export type StepRef = { readonly app: string; readonly deploy: number; readonly seq: number };

export type DeployStep = StepRef & {
  readonly step: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Null while it runs, or when its process died in it. */
  readonly outcome: StepOutcome | null;
  readonly facts: StepFacts;
};

/** Also makes it the deploy's present step. Throws NOT_FOUND when there is no such deploy. */
export async function beginStep(
  db: Db,
  app: string,
  deploy: number,
  step: string,
  facts: StepFacts = {},
): Promise<StepRef> {
  return transaction(db, async (tx) => {
    const counted = await query(tx)
      .updateTable("deploys")
      .set((eb) => ({ step, last_step: eb("last_step", "+", 1) }))
      .where("app", "=", app)
      .where("number", "=", deploy)
      .returning("last_step")
      .executeTakeFirst();
    if (counted === undefined) throw deployNotFound(app, deploy);
    const seq = counted.last_step;
    await query(tx)
      .insertInto("deploy_steps")
      .values({
        app,
        deploy,
        seq,
        step,
        started_at: timestamp(tx),
        ended_at: null,
        outcome: null,
        facts: JSON.stringify(facts),
      })
      .execute();
    return { app, deploy, seq };
  });
}

/** `facts` are put over those of the beginning. A failed step may still become `undone`; else CONFLICT when it has ended. */
export async function endStep(db: Db, ref: StepRef, outcome: StepOutcome, facts: StepFacts = {}): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await query(tx)
      .selectFrom("deploy_steps")
      .selectAll()
      .where("app", "=", ref.app)
      .where("deploy", "=", ref.deploy)
      .where("seq", "=", ref.seq)
      .executeTakeFirst();
    if (row === undefined) throw deployNotFound(ref.app, ref.deploy);
    // Said again by who did not hear that it was stored.
    if (row.outcome === outcome) return;
    if (row.outcome !== null && outcome !== "undone") {
      throw new AppError("CONFLICT", `Step ${row.step} of deploy ${ref.deploy} has ended already.`);
    }
    await query(tx)
      .updateTable("deploy_steps")
      .set({
        outcome,
        ended_at: timestamp(tx),
        facts: JSON.stringify({ ...(JSON.parse(row.facts) as StepFacts), ...facts }),
      })
      .where("app", "=", ref.app)
      .where("deploy", "=", ref.deploy)
      .where("seq", "=", ref.seq)
      .execute();
  });
}

/** In the order in which they began. */
export async function listSteps(db: Db, app: string, deploy: number): Promise<DeployStep[]> {
  const rows = await query(db)
    .selectFrom("deploy_steps")
    .selectAll()
    .where("app", "=", app)
    .where("deploy", "=", deploy)
    .orderBy("seq")
    .execute();
  return rows.map(toStep);
}

function toStep(row: Row<"deploy_steps">): DeployStep {
  return {
    app: row.app,
    deploy: row.deploy,
    seq: row.seq,
    step: row.step,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    facts: JSON.parse(row.facts) as StepFacts,
  };
}
