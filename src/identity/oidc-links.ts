/** Who a user is at the provider, as an admin says it: the only way by which somebody of the provider gets a user that exists. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { transaction, type Db } from "#store/db.ts";
import { identitiesOf, linkIdentity, unlinkIdentity, type Linked } from "#store/identities.ts";
import { revokeTokens } from "#store/tokens.ts";
import type { Asker } from "./identity.ts";
import type { Principal } from "./principal.ts";
import { tell } from "./tell.ts";
import { requireWhole, showUser } from "./users.ts";

export type Link = { readonly name: string; readonly issuer: string; readonly subject: string };

/** Of one user of one's own organisation. Throws NOT_FOUND. */
export async function listLinks(db: Db, by: Pick<Principal, "org">, name: string): Promise<Linked[]> {
  await showUser(db, by, name);
  return identitiesOf(db, name);
}

/** Throws NOT_FOUND, DENIED; CONFLICT for a subject that is somebody's already, and for a service account. */
export async function linkUser(
  db: Db,
  { principal, actor }: Asker,
  { name, issuer, subject }: Link,
): Promise<Linked[]> {
  requireWhole(principal);
  return transaction(db, async (tx) => {
    const { kind } = await showUser(tx, principal, name);
    if (kind === "service")
      throw new AppError("CONFLICT", `${quote(name)} is a service account, and logs in by tokens alone.`);
    await linkIdentity(tx, { issuer, subject, user: name });
    await tell(tx, actor, { action: "user.link", target: name, details: { issuer, subject } });
    return identitiesOf(tx, name);
  });
}

/** Ends the user's sessions: any of them may have come by it. Throws NOT_FOUND, DENIED. */
export async function unlinkUser(
  db: Db,
  { principal, actor }: Asker,
  { name, issuer, subject }: Link,
): Promise<Linked[]> {
  requireWhole(principal);
  return transaction(db, async (tx) => {
    await showUser(tx, principal, name);
    if (!(await unlinkIdentity(tx, issuer, subject, name)))
      throw new AppError("NOT_FOUND", `${quote(name)} is not ${quote(subject)} of ${issuer}.`, {
        hint: `\`hop3 user identities ${name}\` shows who it is.`,
      });
    const endedSessions = await revokeTokens(tx, { user: name, kind: "session", except: principal.credential.id });
    const details = { issuer, subject, endedSessions };
    await tell(tx, actor, { action: "user.unlink", target: name, details });
    return identitiesOf(tx, name);
  });
}
