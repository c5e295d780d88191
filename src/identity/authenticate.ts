/** From the Authorization header of a request to who asks. */
import { AppError } from "#core/errors.ts";
import type { AppRole, Role } from "#core/roles.ts";
import type { Db } from "#store/db.ts";
import { grantsOfUser } from "#store/grants.ts";
import { groupsOfUser } from "#store/groups.ts";
import { findToken, findTokenById, type LiveToken, touchToken } from "#store/tokens.ts";
import { isAddressIn } from "./addresses.ts";
import type { Principal } from "./principal.ts";

const bearer = /^bearer +(\S{1,200})$/i;

/**
 * `address` is the client's, where it is known. Throws UNAUTHENTICATED, with the same words whether the token is unknown,
 * expired, revoked, or not for this address.
 */
export async function authenticate(
  db: Db,
  authorization: string | undefined,
  address: string | undefined,
): Promise<Principal> {
  if (authorization === undefined || authorization === "")
    throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  return authenticateSecret(db, bearer.exec(authorization)?.[1], address);
}

/** The same for a secret that came otherwise: as the password of `git`. */
export async function authenticateSecret(
  db: Db,
  secret: string | undefined,
  address: string | undefined,
): Promise<Principal> {
  const found = secret === undefined ? undefined : await findToken(db, secret);
  if (found === undefined || !isFrom(found, address))
    throw new AppError("UNAUTHENTICATED", "This token is not valid here, or not any more.");
  // When a token was used is a comfort: a full disk must not lock out the person who comes to free it.
  await touchToken(db, found.token).catch(() => undefined);
  return principalOf(db, byToken(found, address));
}

/** Who was let in by the credential of this id, as of now; undefined when it is good no more. */
export async function reloadPrincipal(db: Db, { credential, address }: Principal): Promise<Principal | undefined> {
  const found = await findTokenById(db, credential.id);
  return found === undefined || !isFrom(found, address) ? undefined : principalOf(db, byToken(found, address));
}

function isFrom({ token }: LiveToken, address: string | undefined): boolean {
  if (token.addresses === null) return true;
  return address !== undefined && token.addresses.some((network) => isAddressIn(address, network));
}

function byToken({ token, role, userKind }: LiveToken, address: string | undefined): Proved {
  const { id, kind, name, expiresAt, org, user, actions, apps } = token;
  return { user, userKind, org, role, credential: { id, kind, name, expiresAt }, scope: { actions, apps }, address };
}

/** What a credential has proved by itself. */
export type Proved = Pick<Principal, "org" | "credential" | "scope" | "address"> & {
  readonly user: string;
  readonly userKind: Principal["kind"];
  readonly role: Role;
};

/** With what the user is granted, and what its groups are. */
export async function principalOf(
  db: Db,
  { user, userKind, org, role, credential, scope, address }: Proved,
): Promise<Principal> {
  const groups = await groupsOfUser(db, org, user);
  const granted = await grantsOfUser(
    db,
    org,
    user,
    groups.map((group) => group.name),
  );
  const grants = new Map<string, AppRole[]>();
  for (const grant of granted) grants.set(grant.app, [...(grants.get(grant.app) ?? []), grant.role]);
  return {
    name: user,
    kind: userKind,
    org,
    roles: [...new Set([role, ...groups.flatMap((group) => group.role ?? [])])],
    grants,
    credential,
    scope,
    address,
  };
}
