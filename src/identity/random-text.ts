/** Codes for people: random, easy to read and to type. */
import { randomBytes } from "node:crypto";

/** 32 letters, 5 bits each; those that look alike are missing (RFC 4648's alphabet in lower case has `i`, `l`, `o`). */
const alphabet = "abcdefghjkmnpqrstuvwxyz023456789";

/** For example `k3vq-9m2a` for two groups of four. */
export function randomText(groups: number, size: number): string {
  // 256 is a multiple of 32: each letter is as likely as any other.
  const letters = Array.from(randomBytes(groups * size), (byte) => alphabet[byte & 31] ?? "");
  return Array.from({ length: groups }, (_, group) => letters.slice(group * size, (group + 1) * size).join("")).join(
    "-",
  );
}

/** A password that a person types once: 100 bits. */
export function oneTimePassword(): string {
  return randomText(4, 5);
}
