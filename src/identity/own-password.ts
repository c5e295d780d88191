/** A person's own password. Whoever changes how one logs in must know it: a session that somebody found is not enough. */
import { AppError } from "#core/errors.ts";
import { transaction } from "#store/db.ts";
import { endLoginsOf } from "#store/logins.ts";
import { loginFacts, setPassword } from "#store/passwords.ts";
import { revokeTokens } from "#store/tokens.ts";
import type { Asker, Identity } from "./identity.ts";
import { beginTry } from "./login-tries.ts";
import { checkNewPassword } from "./password.ts";
import { tell } from "./tell.ts";

/** Counts as a login's try. Throws UNAUTHENTICATED for a wrong one; CONFLICT for who has none; RATE_LIMITED. */
export async function requireOwnPassword(
  { store, passwords }: Identity,
  { principal: { name }, actor }: Asker,
  password: string,
): Promise<void> {
  const facts = await loginFacts(store, name);
  if (facts?.password === undefined || facts.password.expiresAt !== null) {
    throw new AppError("CONFLICT", "You have no password of your own.", {
      hint: "An admin gives a first one with `hop3 user set-password`; on the server `hop3 server admin` does.",
    });
  }
  const tried = await beginTry(store, name, actor.address);
  if (!(await passwords.verify(facts.password.hash, password)).ok) {
    await tell(store, actor, { action: "account.password", target: name, outcome: "UNAUTHENTICATED" });
    throw new AppError("UNAUTHENTICATED", "This is not your present password.", { hint: "Try again." });
  }
  await tried.takeBack();
}

/** Ends the user's other sessions and half-finished logins; how many sessions. Throws as above, and INVALID_INPUT. */
export async function changeOwnPassword(
  identity: Identity,
  by: Asker,
  { present, next }: { readonly present: string; readonly next: string },
): Promise<{ readonly ended: number }> {
  const { name, credential } = by.principal;
  checkNewPassword(next, name);
  await requireOwnPassword(identity, by, present);
  const hash = await identity.passwords.hash(next);
  return transaction(identity.store, async (tx) => {
    await setPassword(tx, name, hash);
    await endLoginsOf(tx, name);
    const ended = await revokeTokens(tx, { user: name, kind: "session", except: credential.id });
    const details = { endedSessions: ended };
    await tell(tx, by.actor, { action: "account.password", target: name, details });
    return { ended };
  });
}
