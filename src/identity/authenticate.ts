/** From the Authorization header of a request to who asks. */
import { AppError } from "#core/errors.ts";
import type { Db } from "#store/db.ts";
import { findToken, touchToken } from "#store/tokens.ts";
import type { Principal } from "./principal.ts";

const bearer = /^bearer +(\S{1,200})$/i;

/** Throws UNAUTHENTICATED, with the same words whether the token is unknown, expired or revoked. */
export async function authenticate(db: Db, authorization: string | undefined): Promise<Principal> {
  if (authorization === undefined || authorization === "")
    throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  const secret = bearer.exec(authorization)?.[1];
  const found = secret === undefined ? undefined : await findToken(db, secret);
  if (found === undefined) throw new AppError("UNAUTHENTICATED", "This token is not valid here, or not any more.");
  // When a token was used is a comfort: a full disk must not lock out the person who comes to free it.
  await touchToken(db, found.token).catch(() => undefined);
  return { name: found.token.user, role: found.role, token: found.token.id };
}
