/** Names that users choose, and the one place that says which are valid. */
import { AppError } from "./errors.ts";

const appName = /^[a-z][a-z0-9-]{0,62}[a-z0-9]$/;
const processType = /^[a-z][a-z0-9_-]{0,31}$/;
const hostLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const userName = /^[a-z][a-z0-9._-]{0,63}$/;
const envName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** An app name: 2 to 64 lowercase letters, digits, hyphens; starts with a letter, does not end with a hyphen. */
export function isAppName(name: string): boolean {
  return appName.test(name);
}

/** Returns the name, or throws INVALID_APP_NAME. */
export function parseAppName(name: string): string {
  if (!isAppName(name)) throw new AppError("INVALID_APP_NAME", `${quote(name)} is not a valid app name.`);
  return name;
}

/** A user's or group's name: at most 64 lowercase letters, digits, dots, hyphens, underscores; starts with a letter. */
export function isUserName(name: string): boolean {
  return userName.test(name);
}

/** A process type as in a Procfile: `web`, `worker`, `mail-queue`. At most 32 characters. */
export function isProcessType(name: string): boolean {
  return processType.test(name);
}

/** An environment variable's name, at most 128 characters. `__proto__` is none: as a key of an object it would be lost. */
export function isEnvName(name: string): boolean {
  return envName.test(name) && name !== "__proto__";
}

/**
 * A host name by RFC 1123, lower case, at most 253 characters, at least one label; no wildcard, port or trailing dot, and
 * no address: a name whose last label is a number is one to every browser (`127.0.0.1`, `2130706433`, `0x7f000001`).
 */
export function isHostName(name: string): boolean {
  const labels = name.split(".");
  const address = /^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  return name.length > 0 && name.length <= 253 && !address && labels.every((label) => hostLabel.test(label));
}

/** Returns the domain in lower case, or throws INVALID_DOMAIN. */
export function parseDomain(name: string): string {
  const lower = name.toLowerCase();
  if (!isHostName(lower)) throw new AppError("INVALID_DOMAIN", `${quote(name)} is not a valid domain.`);
  return lower;
}

/** A user's text made safe for a message: control characters escaped, at most 80 characters. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  // JSON leaves DEL, C1 controls and bidirectional marks as they are; a terminal must not see them.
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** For what should be a variable's name and is none: its first 8 characters, for it may be a secret that was pasted amiss. */
export function quoteStart(text: string): string {
  return quote(text.length > 8 ? `${text.slice(0, 8)}...` : text);
}
