/**
 * Sealing: authenticated encryption of small values at rest with the master key (AES-256-GCM from Node's crypto).
 * The text form is `v1.<nonce>.<ciphertext+tag>` in base64url, so the next version can tell what it reads.
 * The context string (for example `release-env:blog`) is authenticated too: a value moved elsewhere does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AppError } from "./errors.ts";

/** 32 bytes. */
export type MasterKey = Uint8Array;

export function seal(key: MasterKey, context: string, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1.${nonce.toString("base64url")}.${body.toString("base64url")}`;
}

/** Throws INTERNAL when the value was made with another key, for another context, or was changed. */
export function unseal(key: MasterKey, context: string, sealed: string): string {
  try {
    const [version, nonce, body] = sealed.split(".");
    if (version !== "v1" || nonce === undefined || body === undefined) throw new Error("not a sealed value");
    const bytes = Buffer.from(body, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64url"));
    decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new AppError("INTERNAL", "A sealed value could not be opened with this server's master key.", { cause });
  }
}

/** A set of environment variables, sealed as one value. */
export function sealEnv(key: MasterKey, context: string, env: Readonly<Record<string, string>>): string {
  return seal(key, context, JSON.stringify(env));
}

/** The context string of a record's environment. */
export function recordEnvContext(kind: "build" | "release" | "session", app: string, number: number): string {
  return `${kind}-env:${app}:${number}`;
}
