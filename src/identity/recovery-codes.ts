/** Recovery codes: what a person without the authenticator logs in with, each once. 80 random bits, stored as SHA-256. */
import { createHash } from "node:crypto";
import { recoveryCodes } from "#core/credential-limits.ts";
import { randomText } from "./random-text.ts";

const form = /^[a-z0-9]{16}$/;

/** New codes, shown once, and what is stored of them. */
export function makeRecoveryCodes(user: string): {
  readonly codes: readonly string[];
  readonly hashes: readonly string[];
} {
  const codes = Array.from({ length: recoveryCodes }, () => randomText(4, 4));
  return { codes, hashes: codes.map((code) => hashOf(user, code)) };
}

/** What would be stored of the code as it was typed; undefined when it cannot be one. */
export function recoveryCodeHash(user: string, typed: string): string | undefined {
  const code = typed.toLowerCase().replaceAll(/[\s-]/g, "");
  return form.test(code) ? hashOf(user, code) : undefined;
}

function hashOf(user: string, code: string): string {
  return createHash("sha256")
    .update(`${user}:${code.replaceAll("-", "")}`)
    .digest("hex");
}
