/**
 * Passwords at rest: argon2id (RFC 9106) from Node's crypto, with OWASP's least parameters (19 MiB, 2 passes, 1 lane), as a
 * PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. Each check costs the same, whether there is a password or not.
 */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { passwordMax, passwordMin } from "#core/credential-limits.ts";
import { AppError } from "#core/errors.ts";

/** `memory` in KiB. */
export type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number };

export const standardCost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };

const saltBytes = 16;
const hashBytes = 32;

/** What a check found. `outdated`: it fits, but was hashed at another cost: hash it again. */
export type Verdict = { readonly ok: boolean; readonly outdated: boolean };

export type Passwords = {
  hash(password: string): Promise<string>;
  /** `stored` undefined: no such user, or no password. Takes as long as any other check, and does not fit. */
  verify(stored: string | undefined, password: string): Promise<Verdict>;
};

type Derive = (message: string, salt: Uint8Array, cost: Cost) => Promise<Uint8Array>;

/** Hashes at a time, and how many may wait: each takes 19 MiB and a thread that files need, too. */
const turnsAtOnce = 2;
const turnsWaiting = 40;

export function createPasswords({
  cost = standardCost,
  derive = argon,
}: { cost?: Cost; derive?: Derive } = {}): Passwords {
  const turn = createTurns();
  // Hashed with a salt that nobody has: no password fits.
  const nobody = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const hash = await turn(() => derive(normalise(password), salt, cost));
      return phcText({ cost, salt, hash });
    },
    async verify(stored, password) {
      const known = stored === undefined ? undefined : parsePhc(stored);
      const { salt, hash, cost: paid } = known ?? nobody;
      // Longer than any that is stored: it cannot fit, and hashing it would be work at a stranger's wish.
      const message = Buffer.byteLength(password) > passwordMax ? "" : normalise(password);
      const derived = await turn(() => derive(message, salt, paid));
      const ok = timingSafeEqual(derived, hash) && known !== undefined && message !== "";
      return { ok, outdated: ok && JSON.stringify(paid) !== JSON.stringify(cost) };
    },
  };
}

/** Throws INVALID_INPUT, with what is wanted; never with what was given. */
export function checkNewPassword(password: string, user: string): void {
  const refuse = (why: string) =>
    new AppError("INVALID_INPUT", `This password ${why}.`, {
      hint: `Take ${passwordMin} to ${passwordMax} bytes: several words are good, and a password manager is better.`,
    });
  if (!password.isWellFormed() || password.includes("\0")) throw refuse("holds characters that cannot be typed again");
  const bytes = Math.max(Buffer.byteLength(password), Buffer.byteLength(normalise(password)));
  if (bytes > passwordMax) throw refuse(`is longer than ${passwordMax} bytes`);
  if (Buffer.byteLength(normalise(password)) < passwordMin) throw refuse(`is shorter than ${passwordMin} bytes`);
  if (new Set(normalise(password)).size < 5) throw refuse("has fewer than five different characters");
  if (normalise(password).toLowerCase().replaceAll(user, "").length < passwordMin / 2) {
    throw refuse("is little more than the user's name");
  }
}

/** The same letters typed on another keyboard are the same password. */
function normalise(password: string): string {
  return password.toWellFormed().normalize("NFKC");
}

type Phc = { readonly cost: Cost; readonly salt: Uint8Array; readonly hash: Uint8Array };

function phcText({ cost: { memory, passes, parallelism }, salt, hash }: Phc): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(hash)}`;
}

/** Undefined for what is none, or costs more than any Hop3 asked for: it is nobody's password then. */
function parsePhc(text: string): Phc | undefined {
  const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/;
  const [, memory, passes, parallelism, salt, hash] = form.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  return { cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

function argon(message: string, salt: Uint8Array, { memory, passes, parallelism }: Cost): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parameters = { message, nonce: salt, memory, passes, parallelism, tagLength: hashBytes };
    argon2("argon2id", parameters, (error, derived) => (error === null ? resolve(derived) : reject(error)));
  });
}

/** Runs a few at a time; throws RATE_LIMITED when too many wait. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= turnsAtOnce) {
      if (waiting.length >= turnsWaiting) throw new AppError("RATE_LIMITED", "Too many logins at this moment.");
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
