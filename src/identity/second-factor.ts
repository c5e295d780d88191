/** The second factor of a user: enrolment in two steps, and the one place where a code is believed. */
import { AppError } from "#core/errors.ts";
import { type MasterKey, seal, unseal } from "#core/sealed.ts";
import { transaction, type Db } from "#store/db.ts";
import {
  confirmTotp,
  proposeTotp,
  readTotp,
  removeTotp,
  replaceRecoveryCodes,
  useRecoveryCode,
  useTotpStep,
} from "#store/second-factors.ts";
import type { Asker, Identity } from "./identity.ts";
import { requireOwnPassword } from "./own-password.ts";
import { makeRecoveryCodes, recoveryCodeHash } from "./recovery-codes.ts";
import { tell } from "./tell.ts";
import { base32, makeTotpSecret, matchTotp, otpauthUri } from "./totp.ts";

/** Uses the code up, whichever it is; undefined when it is wrong or was used. */
export async function useSecondFactor(
  db: Db,
  key: MasterKey,
  user: string,
  code: string,
): Promise<"code" | "recovery code" | undefined> {
  const totp = await readTotp(db, user);
  if (totp === undefined || totp.since === null) return undefined;
  const step = matchTotp(open(key, user, totp.secret), code, db.clock.now(), totp.lastStep);
  if (step !== undefined) return (await useTotpStep(db, user, step)) ? "code" : undefined;
  const hash = recoveryCodeHash(user, code);
  return hash !== undefined && (await useRecoveryCode(db, user, hash)) ? "recovery code" : undefined;
}

/** What an authenticator is given. It is not asked for until `confirmSecondFactor`. Throws CONFLICT when there is one. */
export async function proposeSecondFactor(
  identity: Identity,
  by: Asker,
  password: string,
): Promise<{ readonly secret: string; readonly uri: string }> {
  await requireOwnPassword(identity, by, password);
  const { name } = by.principal;
  const secret = makeTotpSecret();
  const sealed = seal(identity.masterKey, context(name), Buffer.from(secret).toString("base64"));
  if (!(await proposeTotp(identity.store, name, sealed))) {
    throw new AppError("CONFLICT", "You have a second factor already.", {
      hint: "`hop3 account totp disable` removes it.",
    });
  }
  return { secret: base32(secret), uri: otpauthUri(secret, name, identity.serverName) };
}

/** The first code proves that the authenticator has the secret. Throws CONFLICT without a proposal, INVALID_INPUT. */
export async function confirmSecondFactor(
  { store, masterKey }: Identity,
  { principal: { name }, actor }: Asker,
  code: string,
): Promise<{ readonly codes: readonly string[] }> {
  const totp = await readTotp(store, name);
  const nothing = () =>
    new AppError("CONFLICT", "There is no second factor to confirm.", { hint: "`hop3 account totp enable` begins." });
  if (totp === undefined || totp.since !== null) throw nothing();
  const step = matchTotp(open(masterKey, name, totp.secret), code, store.clock.now(), null);
  if (step === undefined) {
    throw new AppError("INVALID_INPUT", "This is not the authenticator's present code.", {
      hint: "Are this server's and the authenticator's clocks right?",
    });
  }
  const { codes, hashes } = makeRecoveryCodes(name);
  await transaction(store, async (tx) => {
    if (!(await confirmTotp(tx, { user: name, secret: totp.secret, step, codes: hashes }))) throw nothing();
    await tell(tx, actor, { action: "account.totp.enable", target: name });
  });
  return { codes };
}

/** New codes in place of all that there were. Throws CONFLICT without a second factor. */
export async function renewRecoveryCodes(
  identity: Identity,
  by: Asker,
  password: string,
): Promise<{ readonly codes: readonly string[] }> {
  const { name } = by.principal;
  await requireOwnPassword(identity, by, password);
  const { codes, hashes } = makeRecoveryCodes(name);
  await transaction(identity.store, async (tx) => {
    if ((await readTotp(tx, name))?.since == null) throw noSecondFactor();
    await replaceRecoveryCodes(tx, name, hashes);
    await tell(tx, by.actor, { action: "account.recovery-codes", target: name });
  });
  return { codes };
}

/** Throws CONFLICT when there is none. */
export async function dropSecondFactor(identity: Identity, by: Asker, password: string): Promise<void> {
  const { name } = by.principal;
  await requireOwnPassword(identity, by, password);
  await transaction(identity.store, async (tx) => {
    if (!(await removeTotp(tx, name))) throw noSecondFactor();
    await tell(tx, by.actor, { action: "account.totp.disable", target: name });
  });
}

function noSecondFactor(): AppError {
  return new AppError("CONFLICT", "There is no second factor.", { hint: "`hop3 account totp enable` sets one up." });
}

function open(key: MasterKey, user: string, sealed: string): Uint8Array {
  return Buffer.from(unseal(key, context(user), sealed), "base64");
}

function context(user: string): string {
  return `totp:${user}`;
}
