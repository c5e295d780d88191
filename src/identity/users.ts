/** Users as an admin has them. Whoever is of another organisation does not exist; the last admin stays. */
import { oneTimePasswordDays } from "#core/credential-limits.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Role } from "#core/roles.ts";
import { transaction, type Db } from "#store/db.ts";
import { endLoginsOf } from "#store/logins.ts";
import { setOneTimePassword } from "#store/passwords.ts";
import { removeTotp } from "#store/second-factors.ts";
import { revokeTokens } from "#store/tokens.ts";
import {
  createUser,
  deleteUser,
  getMember,
  listUsers,
  lockAdmins,
  setDisabled,
  setRole,
  type User,
  type UserKind,
} from "#store/users.ts";
import type { Asker, Identity } from "./identity.ts";
import type { Principal } from "./principal.ts";
import { oneTimePassword } from "./random-text.ts";
import { tell } from "./tell.ts";

export type NewPerson = {
  readonly name: string;
  readonly role: Role;
  readonly kind: UserKind;
  readonly email?: string;
};

/** Told once: with it the user logs in, and chooses another. */
export type OneTime = { readonly password: string; readonly expiresAt: string };

/** A person gets a one-time password, a service account tokens. Throws INVALID_INPUT, CONFLICT, DENIED. */
export async function addUser(
  identity: Identity,
  by: Asker,
  { name, role, kind, email }: NewPerson,
): Promise<{ readonly user: User; readonly oneTime: OneTime | undefined }> {
  requireWhole(by.principal);
  const oneTime = kind === "person" ? await makeOneTime(identity) : undefined;
  return transaction(identity.store, async (tx) => {
    await createUser(tx, name, role, { kind, org: by.principal.org, ...(email === undefined ? {} : { email }) });
    if (oneTime !== undefined) await setOneTimePassword(tx, name, oneTime.hash, oneTime.expiresAt);
    await tell(tx, by.actor, { action: "user.create", target: name, details: { role, kind } });
    return { user: await showUser(tx, by.principal, name), oneTime };
  });
}

export function allUsers(db: Db, by: Asker): Promise<User[]> {
  return listUsers(db, by.principal.org);
}

/** Throws NOT_FOUND. */
export async function showUser(db: Db, by: Pick<Principal, "org">, name: string): Promise<User> {
  const user = await getMember(db, by.org, name);
  if (user !== undefined) return user;
  throw new AppError("NOT_FOUND", `There is no user ${quote(name)}.`, { hint: "`hop3 user list` lists the users." });
}

/** With all that it could log in with. Throws NOT_FOUND; CONFLICT for the last admin. */
export async function removeUser(db: Db, by: Asker, name: string): Promise<void> {
  await transaction(db, async (tx) => {
    const { role } = await showUser(tx, by.principal, name);
    await keepAnAdmin(tx, by.principal.org, name, "removed");
    await deleteUser(tx, name);
    await tell(tx, by.actor, { action: "user.remove", target: name, details: { role } });
  });
}

/** Ends its sessions; its tokens do not work until it is enabled. Throws NOT_FOUND; CONFLICT for the last admin. */
export async function disableUser(db: Db, by: Asker, name: string): Promise<User> {
  return transaction(db, async (tx) => {
    await showUser(tx, by.principal, name);
    await keepAnAdmin(tx, by.principal.org, name, "disabled");
    await setDisabled(tx, name, true);
    await endLoginsOf(tx, name);
    const endedSessions = await revokeTokens(tx, { user: name, kind: "session" });
    await tell(tx, by.actor, { action: "user.disable", target: name, details: { endedSessions } });
    return showUser(tx, by.principal, name);
  });
}

/** Throws NOT_FOUND, DENIED. */
export async function enableUser(db: Db, by: Asker, name: string): Promise<User> {
  requireWhole(by.principal);
  return transaction(db, async (tx) => {
    await showUser(tx, by.principal, name);
    await setDisabled(tx, name, false);
    await tell(tx, by.actor, { action: "user.enable", target: name });
    return showUser(tx, by.principal, name);
  });
}

/** Throws NOT_FOUND, DENIED; CONFLICT for the last admin. */
export async function changeRole(db: Db, by: Asker, name: string, role: Role): Promise<User> {
  requireWhole(by.principal);
  return transaction(db, async (tx) => {
    const { role: before } = await showUser(tx, by.principal, name);
    if (role !== "admin") await keepAnAdmin(tx, by.principal.org, name, "made anything else");
    await setRole(tx, by.principal.org, name, role);
    await tell(tx, by.actor, { action: "user.role", target: name, details: { from: before, to: role } });
    return showUser(tx, by.principal, name);
  });
}

/**
 * A one-time password in place of whatever the user had; ends its sessions. Throws NOT_FOUND, DENIED; CONFLICT for a service
 * account, and for one's own password, which is changed by who knows it.
 */
export async function resetPassword(identity: Identity, by: Asker, name: string): Promise<OneTime> {
  requireWhole(by.principal);
  const user = await showUser(identity.store, by.principal, name);
  if (user.kind === "service") {
    throw new AppError("CONFLICT", `${quote(name)} is a service account and has no password.`, {
      hint: "`hop3 token create --user` makes a token for it.",
    });
  }
  if (name === by.principal.name && user.password) {
    throw new AppError("CONFLICT", "Your own password is changed with the present one.", {
      hint: "`hop3 user set-password` without a name does that.",
    });
  }
  const { hash, ...oneTime } = await makeOneTime(identity);
  await transaction(identity.store, async (tx) => {
    await setOneTimePassword(tx, name, hash, oneTime.expiresAt);
    await endLoginsOf(tx, name);
    const endedSessions = await revokeTokens(tx, { user: name, kind: "session", except: by.principal.credential.id });
    await tell(tx, by.actor, { action: "user.password", target: name, details: { endedSessions } });
  });
  return oneTime;
}

/** For who has lost the authenticator and the codes. Throws NOT_FOUND, DENIED; CONFLICT when there is none. */
export async function resetSecondFactor(db: Db, by: Asker, name: string): Promise<User> {
  requireWhole(by.principal);
  return transaction(db, async (tx) => {
    await showUser(tx, by.principal, name);
    if (!(await removeTotp(tx, name))) throw new AppError("CONFLICT", `${quote(name)} has no second factor.`);
    await tell(tx, by.actor, { action: "user.totp.disable", target: name });
    return showUser(tx, by.principal, name);
  });
}

/** A credential that is narrowed makes no ways in: they would be wider than it is. Throws DENIED. */
export function requireWhole({ scope }: Principal): void {
  if (scope.actions === null && scope.apps === null) return;
  throw new AppError("DENIED", "A token that is narrowed gives nobody a way in.", {
    hint: "Log in with `hop3 login URL --user NAME`, or use a token that is not narrowed.",
  });
}

export async function makeOneTime({ store, passwords }: Identity): Promise<OneTime & { readonly hash: string }> {
  const password = oneTimePassword();
  const expiresAt = new Date(store.clock.now() + oneTimePasswordDays * 24 * 3600 * 1000).toISOString();
  return { password, expiresAt, hash: await passwords.hash(password) };
}

async function keepAnAdmin(tx: Db, org: string, name: string, what: string): Promise<void> {
  const admins = await lockAdmins(tx, org);
  if (admins.some((admin) => admin !== name) || !admins.includes(name)) return;
  throw new AppError("CONFLICT", `${quote(name)} is the last admin and cannot be ${what}.`, {
    hint: "Make somebody else an admin first: `hop3 user set-role NAME admin`.",
  });
}
