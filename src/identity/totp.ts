/** One-time codes of an authenticator: TOTP (RFC 6238) with what all of them can do: SHA-1, 6 digits, 30 seconds. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const stepSeconds = 30;
const digits = 6;
const secretBytes = 20;

/** Steps before and after the present one whose codes are taken: clocks differ. */
const window = 1;

export function makeTotpSecret(): Uint8Array {
  return new Uint8Array(randomBytes(secretBytes));
}

/** Number of the 30 seconds that `now`, in milliseconds since the epoch, is in. */
export function totpStep(now: number): number {
  return Math.floor(now / 1000 / stepSeconds);
}

/** The code of a step. `length` other than 6 is for the RFC's test vectors. */
export function totpCode(secret: Uint8Array, step: number, length = digits): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  // RFC 4226, 5.3: the last four bits say where the 31 bits are.
  const offset = (mac.at(-1) ?? 0) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** length).padStart(length, "0");
}

/**
 * The step whose code this is, undefined for a wrong one. `after`: the last step that was used; it and those before it do
 * not count, so each code is good once. The caller stores the step before it believes the code.
 */
export function matchTotp(secret: Uint8Array, typed: string, now: number, after: number | null): number | undefined {
  const code = typed.replaceAll(" ", "");
  if (!/^[0-9]{6}$/.test(code)) return undefined;
  const present = totpStep(now);
  let found: number | undefined;
  for (let step = Math.max(0, present - window); step <= present + window; step += 1) {
    const same = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code));
    if (same && step > (after ?? -1)) found ??= step;
  }
  return found;
}

/** As an authenticator takes it by hand (RFC 4648, without padding). */
export function base32(bytes: Uint8Array): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}

/** What a QR code for an authenticator holds: https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function otpauthUri(secret: Uint8Array, user: string, server: string): string {
  const label = `${encodeURIComponent(`Hop3 ${server}`)}:${encodeURIComponent(user)}`;
  const issuer = encodeURIComponent(`Hop3 ${server}`);
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${issuer}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`;
}
