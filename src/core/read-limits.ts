/** Limits as people write them: `[limits]` of hop3.toml, and the ceilings of a server. Every problem is told by its path. */
import { limitKinds, type AppLimits, type LimitKind, type ProcessLimits, type WholeLimits } from "./app-limits.ts";
import { isProcessType, quote } from "./names.ts";

export type LimitProblem = { readonly path: readonly string[]; readonly message: string };

const mebi = 1024 * 1024;
const units: Readonly<Record<string, number>> = { "": 1, K: 1024, M: mebi, G: 1024 * mebi, T: mebi * mebi };

/** Reads the table; a key that it does not know is a problem, never left out. */
export function readLimits(section: unknown): {
  readonly limits: AppLimits;
  readonly problems: readonly LimitProblem[];
} {
  if (!isTable(section)) {
    return { limits: { app: {}, types: {} }, problems: [{ path: ["limits"], message: "must be a table." }] };
  }
  const problems: LimitProblem[] = [];
  const { mode, ...rest } = section;
  const isType = ([key, value]: readonly [string, unknown]) => isTable(value) && !isKey(key);
  const all = Object.entries(rest);
  const app = readTable(Object.fromEntries(all.filter((one) => !isType(one))), ["limits"], true, problems);
  const types = Object.create(null) as Record<string, ProcessLimits>;
  for (const [type, table] of all.filter(isType)) {
    const path = ["limits", type];
    if (isProcessType(type)) types[type] = readTable(table as object, path, false, problems);
    else problems.push({ path, message: "is not a process type." });
  }
  for (const { key, name } of limitKinds.filter(({ name }) => name !== "openFiles")) {
    for (const [type, own] of Object.entries<WholeLimits>(types)) {
      if ((own[name] ?? 0) <= (app[name] ?? Infinity)) continue;
      problems.push({ path: ["limits", type, key], message: "is more than the whole app may take." });
    }
  }
  if (mode !== undefined && mode !== "strict" && mode !== "best-effort") {
    problems.push({ path: ["limits", "mode"], message: 'must be "strict" or "best-effort".' });
  }
  return { limits: { app, types, ...(mode === "best-effort" ? { bestEffort: true } : {}) }, problems };
}

/** Reads one table of limits, of which `whole` may name those of an app as a whole; adds what is wrong to `problems`. */
export function readTable(
  table: object,
  path: readonly string[],
  whole: boolean,
  problems: LimitProblem[],
): WholeLimits {
  const found: Partial<Record<keyof WholeLimits, number>> = {};
  const allowed = limitKinds.filter((kind) => whole || kind.whole !== true);
  for (const [key, value] of Object.entries(table)) {
    const kind = allowed.find((one) => one.key === key);
    const read =
      kind !== undefined
        ? readLimit(kind, value)
        : isKey(key)
          ? "is of the app as a whole: name it in `[limits]`."
          : `is not one of ${allowed.map((one) => one.key).join(", ")}.`;
    if (typeof read === "number" && kind !== undefined) found[kind.name] = read;
    else problems.push({ path: [...path, key], message: String(read) });
  }
  return found;
}

function readLimit({ unit, least, most }: LimitKind, value: unknown): number | string {
  if (unit === "bytes") return readBytes(value, least / mebi);
  if (unit === "processors") return between(value, least, most, "a number of processors");
  const number = between(value, least, most, "a whole number");
  return typeof number === "string" || Number.isInteger(number)
    ? number
    : `must be a whole number, not ${quote(String(value))}.`;
}

/** Bytes of `512M`, `1.5G` and the like, at least `least` MiB; else what is wrong with it, for people. */
export function readBytes(value: unknown, least: number): number | string {
  const [, amount = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?) ?([KMGT]?)(?:i?B)?$/i.exec(String(value)) ?? [];
  const bytes = Math.floor(Number(amount) * (units[unit.toUpperCase()] ?? Number.NaN));
  const isText = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  if (!isText || amount === "" || !Number.isSafeInteger(bytes)) return 'must be a size such as "512M" or "1.5G".';
  return bytes < least * mebi ? `must be at least "${least}M".` : bytes;
}

function between(value: unknown, least: number, most: number, what: string): number | string {
  const number = typeof value === "bigint" ? Number(value) : value;
  const fits = typeof number === "number" && number >= least && number <= most;
  return fits ? number : `must be ${what} from ${least} to ${most}.`;
}

function isKey(key: string): boolean {
  return limitKinds.some((one) => one.key === key);
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
