/**
 * What an app may take of its host: `[limits]` is for the app as a whole, all its processes, builds and commands together;
 * `[limits.TYPE]` for each instance of one process type. What is not named has no limit but the host's own ceiling.
 */
import { isProcessType, quote } from "./names.ts";

export type ProcessLimits = {
  /** Bytes, of memory and swap together. */
  readonly memory?: number;
  /** Processors; 0.5 is half of one. */
  readonly cpu?: number;
  /** Processes and threads. */
  readonly processes?: number;
  /** Of each single process; for the app as a whole: where a type says nothing else. */
  readonly openFiles?: number;
};

export type AppLimits = { readonly app: ProcessLimits; readonly types: Readonly<Record<string, ProcessLimits>> };

export type LimitProblem = { readonly path: readonly string[]; readonly message: string };

type Kind = {
  readonly key: string;
  readonly name: keyof ProcessLimits;
  readonly read: (value: unknown) => number | string;
};

const mebi = 1024 * 1024;
const units: Readonly<Record<string, number>> = { "": 1, K: 1024, M: mebi, G: 1024 * mebi, T: mebi * mebi };

/** The smallest are what an interpreter needs to start and say what it lacks. */
const kinds: readonly Kind[] = [
  { key: "memory", name: "memory", read: (value) => readBytes(value) },
  { key: "cpu", name: "cpu", read: (value) => between(value, 0.01, 1024, "a number of processors") },
  { key: "processes", name: "processes", read: (value) => wholeBetween(value, 4, 1_000_000) },
  { key: "open-files", name: "openFiles", read: (value) => wholeBetween(value, 64, 1_048_576) },
];

/** Reads the table; a key that it does not know is a problem, never left out. */
export function readLimits(section: unknown): {
  readonly limits: AppLimits;
  readonly problems: readonly LimitProblem[];
} {
  const problems: LimitProblem[] = [];
  const readOne = (table: object, path: readonly string[]): ProcessLimits => {
    const found: Partial<Record<keyof ProcessLimits, number>> = {};
    for (const [key, value] of Object.entries(table)) {
      const kind = kinds.find((one) => one.key === key);
      // A table at the top is a process type's, and read there.
      if (kind === undefined && path.length === 1 && isTable(value)) continue;
      const read = kind === undefined ? `is not one of ${kinds.map((one) => one.key).join(", ")}.` : kind.read(value);
      if (typeof read === "number" && kind !== undefined) found[kind.name] = read;
      else problems.push({ path: [...path, key], message: String(read) });
    }
    return found;
  };
  if (!isTable(section)) {
    return { limits: { app: {}, types: {} }, problems: [{ path: ["limits"], message: "must be a table." }] };
  }
  const app = readOne(section, ["limits"]);
  const types = Object.create(null) as Record<string, ProcessLimits>;
  for (const [type, table] of Object.entries(section)) {
    if (!isTable(table) || kinds.some(({ key }) => key === type)) continue;
    const path = ["limits", type];
    if (isProcessType(type)) types[type] = readOne(table, path);
    else problems.push({ path, message: "is not a process type." });
  }
  const limits = { app, types };
  for (const { key, name } of kinds.filter(({ name }) => name !== "openFiles")) {
    for (const [type, own] of Object.entries(types)) {
      if ((own[name] ?? 0) <= (app[name] ?? Infinity)) continue;
      problems.push({ path: ["limits", type, key], message: "is more than the whole app may take." });
    }
  }
  return { limits, problems };
}

/** What is above the host's ceiling, a sentence each; empty when all is within. */
export function aboveCeiling({ app, types }: AppLimits, ceiling: ProcessLimits): string[] {
  const all: readonly (readonly [string, ProcessLimits])[] = [["The app", app], ...Object.entries(types)];
  return all.flatMap(([who, limits]) =>
    kinds.flatMap(({ key, name }) => {
      const [asked, most] = [limits[name], ceiling[name]];
      if (asked === undefined || most === undefined || asked <= most) return [];
      const said = (value: number): string => (name === "memory" ? `${Math.floor(value / mebi)}M` : String(value));
      return [`${who} asks for ${key} = ${said(asked)}; this server gives at most ${said(most)}.`];
    }),
  );
}

/** What one instance of `type` may take alone. The app's own limit of memory counts where the type has none. */
export function limitsOf({ app, types }: AppLimits, type: string): ProcessLimits {
  const own = Object.hasOwn(types, type) ? types[type] : undefined;
  const { openFiles } = app;
  return { ...(openFiles === undefined ? {} : { openFiles }), ...own };
}

/**
 * The heap of V8 in MiB under a limit of memory in bytes: it sees the host's memory and would grow beyond the limit. A
 * quarter, and at least 32 MiB, stays for what is not heap.
 */
export function heapOf(memory: number): number {
  return Math.max(16, Math.floor(Math.min(memory * 0.75, memory - 32 * mebi) / mebi));
}

/** Bytes of `512M`, `1.5G` and the like, at least `least` MiB; else what is wrong with it, for people. */
export function readBytes(value: unknown, least = 8): number | string {
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

function wholeBetween(value: unknown, least: number, most: number): number | string {
  const number = between(value, least, most, "a whole number");
  return typeof number === "string" || Number.isInteger(number)
    ? number
    : `must be a whole number, not ${quote(String(value))}.`;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
