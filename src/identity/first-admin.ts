/** The way in to a new server: somebody must be the first. */
import { platformActor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { transaction, type Db } from "#store/db.ts";
import { appendEvent } from "#store/events.ts";
import { createToken } from "#store/tokens.ts";
import { createUser, listUsers } from "#store/users.ts";

export type FirstAdmin = { readonly user: string; /** The bearer token; shown once. */ readonly secret: string };

/** Makes the user `admin` with a token; undefined when the server knows a user already, also if one was made just now. */
export async function createFirstAdmin(db: Db): Promise<FirstAdmin | undefined> {
  try {
    return await transaction(db, async (tx) => {
      if ((await listUsers(tx)).length > 0) return undefined;
      const { name } = await createUser(tx, "admin", "admin");
      const { token, secret } = await createToken(tx, { user: name, name: "first login" });
      await appendEvent(tx, {
        actor: platformActor,
        action: "user.create",
        target: name,
        outcome: "ok",
        details: { token: token.id },
      });
      return { user: name, secret };
    });
  } catch (error) {
    // Of two that start at once, one finds the name taken.
    if (error instanceof AppError && error.code === "CONFLICT") return undefined;
    throw error;
  }
}
