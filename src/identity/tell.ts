/** The log of events is told what was done to users and their ways in: never a secret, and never a name that nobody has. */
import type { Actor } from "#core/actor.ts";
import type { Db } from "#store/db.ts";
import { appendEvent, type NewEvent } from "#store/events.ts";

export async function tell(
  db: Db,
  actor: Actor,
  { outcome = "ok", ...told }: Omit<NewEvent, "actor" | "outcome"> & { readonly outcome?: string },
): Promise<void> {
  await appendEvent(db, { actor, outcome, ...told });
}
