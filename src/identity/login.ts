/**
 * Logging in with a password, step by step: each step leads to a session or says what is missing. What is half finished is
 * known by a secret of its own, which nothing but the next step takes.
 */
import type { Actor } from "#core/actor.ts";
import { loginSeconds, loginTries } from "#core/credential-limits.ts";
import { AppError } from "#core/errors.ts";
import { isUserName } from "#core/names.ts";
import { transaction, type Db } from "#store/db.ts";
import { countLoginTry, createLogin, endLogin, findLogin, type Login } from "#store/logins.ts";
import { loginFacts, rehashPassword, setPassword, type LoginFacts } from "#store/passwords.ts";
import type { Token } from "#store/tokens.ts";
import type { Identity, Whence } from "./identity.ts";
import { beginTry } from "./login-tries.ts";
import { checkNewPassword } from "./password.ts";
import { useSecondFactor } from "./second-factor.ts";
import { openSession } from "./sessions.ts";
import { tell } from "./tell.ts";

/** `totp`: a code of the authenticator, or a recovery code. `password`: another one in place of the one-time password. */
export type Missing = "totp" | "password";

export type LoginStep =
  | { readonly session: Token; readonly secret: string }
  | { readonly needs: Missing; readonly login: string; readonly expiresAt: string };

/**
 * Throws UNAUTHENTICATED, with the same words and after the same work whether the user is unknown, has no password, is
 * disabled, or has another password; RATE_LIMITED.
 */
export async function logIn(
  identity: Identity,
  { user, password, ...whence }: Whence & { readonly user: string; readonly password: string },
): Promise<LoginStep> {
  const { store, passwords } = identity;
  const name = isUserName(user) ? user : undefined;
  const { actor } = whence;
  const tried = await beginTry(store, name, actor.address);
  const facts = name === undefined ? undefined : await loginFacts(store, name);
  const { ok, outdated } = await passwords.verify(facts?.password?.hash, password);
  const found = facts?.password;
  if (!ok || facts === undefined || found === undefined || !mayLogIn(facts, store.clock.now())) {
    if (facts !== undefined) await failed(store, actor, facts.name, "password");
    throw new AppError("UNAUTHENTICATED", "User name and password do not fit, or this user may not log in.", {
      hint: "An admin can set a new password with `hop3 user set-password`.",
    });
  }
  if (outdated && found.expiresAt === null) {
    await rehashPassword(store, facts.name, found.hash, await passwords.hash(password));
  }
  await tried.takeBack();
  const changes = found.expiresAt !== null;
  if (facts.totp) return missing(store, facts.name, "totp", changes, whence);
  if (changes) return missing(store, facts.name, "password", changes, whence);
  await tried.succeed();
  return transaction(store, (tx) => session(tx, facts, "password", whence));
}

/** Throws UNAUTHENTICATED for a login that is not open, and for a wrong code; RATE_LIMITED. */
export async function answerTotp(
  identity: Identity,
  { login: secret, code, ...whence }: Whence & { readonly login: string; readonly code: string },
): Promise<LoginStep> {
  const { store } = identity;
  const { login, facts } = await openLogin(store, secret, "totp");
  const tried = await beginTry(store, facts.name, whence.actor.address);
  if (!(await countLoginTry(store, login.id, loginTries))) {
    await endLogin(store, login.id);
    throw notOpen();
  }
  const changes = login.data === "change";
  const step = await transaction(store, async (tx) => {
    const by = await useSecondFactor(tx, identity.masterKey, facts.name, code);
    // Of two right answers at once one has ended the login; the other has nothing to answer any more.
    if (by === undefined || !(await endLogin(tx, login.id))) return undefined;
    if (changes) return missing(tx, facts.name, "password", changes, whence);
    return session(tx, facts, `password and ${by}`, whence);
  });
  if (step === undefined) {
    await failed(store, whence.actor, facts.name, "totp");
    throw new AppError("UNAUTHENTICATED", "This code is wrong, or was used already.", {
      hint: "Wait for the authenticator's next code, or use a recovery code. Is this server's clock right?",
    });
  }
  await tried.succeed();
  return step;
}

/** The owner's own password in place of the one-time one. Throws UNAUTHENTICATED; INVALID_INPUT for a bad password. */
export async function answerNewPassword(
  identity: Identity,
  { login: secret, password, ...whence }: Whence & { readonly login: string; readonly password: string },
): Promise<LoginStep> {
  const { store, passwords } = identity;
  const { login, facts } = await openLogin(store, secret, "password");
  checkNewPassword(password, facts.name);
  if (!(await countLoginTry(store, login.id, loginTries))) throw notOpen();
  if ((await passwords.verify(facts.password?.hash, password)).ok) {
    throw new AppError("INVALID_INPUT", "This is the one-time password.", { hint: "Choose one of your own." });
  }
  const hash = await passwords.hash(password);
  return transaction(store, async (tx) => {
    if (!(await endLogin(tx, login.id))) throw notOpen();
    await setPassword(tx, facts.name, hash);
    await tell(tx, { ...whence.actor, name: facts.name }, { action: "account.password", target: facts.name });
    return session(tx, facts, "one-time password", whence);
  });
}

function mayLogIn({ kind, disabled, password }: LoginFacts, now: number): boolean {
  const expiresAt = password?.expiresAt ?? null;
  return kind === "person" && !disabled && (expiresAt === null || now < Date.parse(expiresAt));
}

async function openLogin(db: Db, secret: string, stage: Missing): Promise<{ login: Login; facts: LoginFacts }> {
  const login = await findLogin(db, secret, stage);
  const facts = login === undefined || login.user === null ? undefined : await loginFacts(db, login.user);
  if (login === undefined || facts === undefined || !mayLogIn(facts, db.clock.now())) throw notOpen();
  return { login, facts };
}

function notOpen(): AppError {
  return new AppError("UNAUTHENTICATED", "This login is not open, or not any more.", { hint: "Begin again." });
}

async function missing(
  db: Db,
  user: string,
  needs: Missing,
  changes: boolean,
  { actor: { address } }: Whence,
): Promise<LoginStep> {
  const data = changes ? { data: "change" } : {};
  const { login, secret } = await createLogin(db, { user, stage: needs, address, seconds: loginSeconds, ...data });
  return { needs, login: secret, expiresAt: login.expiresAt };
}

async function session(tx: Db, { name, org }: LoginFacts, by: string, { actor, agent }: Whence): Promise<LoginStep> {
  const { token, secret } = await openSession(tx, { user: name, org, address: actor.address, agent });
  const now = { ...actor, name, org, credential: { kind: token.kind, id: token.id, name: token.name } };
  await tell(tx, now, { action: "login", target: name, details: { by } });
  return { session: token, secret };
}

/** Whoever it was has proved nothing, so it is nobody; a lock-out bounds how often this is written. */
async function failed(db: Db, actor: Actor, user: string, at: Missing): Promise<void> {
  await tell(db, actor, { action: "login", target: user, outcome: "UNAUTHENTICATED", details: { at } });
}
