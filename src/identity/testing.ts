/** People for the tests of this folder: passwords that cost little, and the steps of a login in short. */
import { randomBytes } from "node:crypto";
import { nowhere } from "#core/actor.ts";
import type { Role } from "#core/roles.ts";
import type { Db } from "#store/db.ts";
import { setPassword } from "#store/passwords.ts";
import { createToken, type NewToken } from "#store/tokens.ts";
import { createUser, type NewUser } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import type { Asker, Identity } from "./identity.ts";
import { logIn, type LoginStep } from "./login.ts";
import { createPasswords } from "./password.ts";
import { confirmSecondFactor, proposeSecondFactor } from "./second-factor.ts";
import { totpCode, totpStep } from "./totp.ts";

export const password = "correct horse battery";
export const address = "192.0.2.7";
export const whence = whenceOf(address);

export function whenceOf(from: string) {
  return { actor: { name: "nobody", ...nowhere, address: from }, agent: "test" };
}

export function testIdentity(store: Db): Identity {
  const passwords = createPasswords({ cost: { memory: 64, passes: 1, parallelism: 1 } });
  return { store, masterKey: randomBytes(32), passwords, serverName: "test" };
}

/** With the password of this file. */
export async function makePerson(
  { store, passwords }: Identity,
  name: string,
  role: Role = "developer",
  extra: NewUser = {},
): Promise<void> {
  await createUser(store, name, role, extra);
  await setPassword(store, name, await passwords.hash(password));
}

/** By a new token of this user. */
export async function askerOf(store: Db, user: string, limits: Partial<NewToken> = {}): Promise<Asker> {
  const { secret } = await createToken(store, { user, name: "laptop", ...limits });
  return askerBy(store, secret);
}

export async function askerBy(store: Db, secret: string): Promise<Asker> {
  const principal = await authenticate(store, `Bearer ${secret}`, address);
  const { name, org, credential } = principal;
  return { principal, actor: { name, org, credential, address, requestId: null } };
}

/** The shared secret as an authenticator has it, in force from now on, and the recovery codes. */
export async function enrol(identity: Identity, user: string) {
  const by = await askerOf(identity.store, user);
  const { secret } = await proposeSecondFactor(identity, by, password);
  const bytes = fromBase32(secret);
  const code = (steps = 0) => totpCode(bytes, totpStep(identity.store.clock.now()) + steps);
  const { codes } = await confirmSecondFactor(identity, by, code());
  return { code, codes };
}

export function attempt(identity: Identity, user: string, given = password, from = address): Promise<LoginStep> {
  return logIn(identity, { user, password: given, ...whenceOf(from) });
}

/** The secret of a login that is not finished. */
export function half(step: LoginStep): string {
  if (!("needs" in step)) throw new Error("it is finished");
  return step.login;
}

/** The secret of a session. */
export function whole(step: LoginStep): string {
  if ("needs" in step) throw new Error(`it needs ${step.needs}`);
  return step.secret;
}

export function fromBase32(text: string): Uint8Array {
  const bits = Array.from(text, (letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}
