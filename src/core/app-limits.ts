/**
 * What an app may take of its host: `[limits]` is for all that runs of one release together, and for each build; so one
 * release takes over from another, and is built, beside what serves. `[limits.TYPE]` is for each instance of one process
 * type. What is not named has no limit but the host's own ceiling.
 */
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

export type WholeLimits = ProcessLimits & {
  /** Bytes of all files that its processes can write: data, home, caches, builds. */
  readonly disk?: number;
  /** How many files and folders these may be. */
  readonly inodes?: number;
};

export type AppLimits = {
  readonly app: WholeLimits;
  readonly types: Readonly<Record<string, ProcessLimits>>;
  /** What the host cannot enforce is left out, and told; else the deploy is refused. */
  readonly bestEffort?: true;
};

export const noAppLimits: AppLimits = { app: {}, types: {} };

const mebi = 1024 * 1024;

/** One kind of limit: its key in files that people write, and its bounds. The least is what an interpreter needs to start. */
export type LimitKind = {
  readonly key: string;
  readonly name: keyof WholeLimits;
  readonly unit: "bytes" | "processors" | "count";
  readonly least: number;
  readonly most: number;
  /** Only of the app as a whole. */
  readonly whole?: true;
};

export const limitKinds: readonly LimitKind[] = [
  { key: "memory", name: "memory", unit: "bytes", least: 8 * mebi, most: Number.MAX_SAFE_INTEGER },
  { key: "cpu", name: "cpu", unit: "processors", least: 0.01, most: 1024 },
  { key: "processes", name: "processes", unit: "count", least: 4, most: 1_000_000 },
  { key: "open-files", name: "openFiles", unit: "count", least: 64, most: 1_048_576 },
  { key: "disk", name: "disk", unit: "bytes", least: 8 * mebi, most: Number.MAX_SAFE_INTEGER, whole: true },
  { key: "inodes", name: "inodes", unit: "count", least: 100, most: Number.MAX_SAFE_INTEGER, whole: true },
];

/** What is above the host's ceiling, a sentence each; empty when all is within. */
export function aboveCeiling(limits: AppLimits, ceiling: WholeLimits): string[] {
  return asked(limits).flatMap(({ who, kind, value }) => {
    const most = ceiling[kind.name];
    if (most === undefined || value <= most) return [];
    return [
      `${who} asks for ${kind.key} = ${limitText(kind.name, value)}; this server gives at most ${limitText(kind.name, most)}.`,
    ];
  });
}

/** Why a kind of limit cannot be enforced, by its name; what is not named can be. */
export type Unenforced = { readonly [N in keyof WholeLimits]?: string };

/** What is asked for and cannot be enforced, a sentence each, whether or not the app insists. */
export function notEnforced(limits: AppLimits, reasons: Unenforced): string[] {
  const kinds = [...new Set(asked(limits).map(({ kind }) => kind))];
  return kinds.flatMap(({ key, name }) => {
    const reason = reasons[name];
    return reason === undefined ? [] : [`The limit ${key} is not enforced: ${reason}`];
  });
}

/** What one instance of `type` may take alone. The app's own limit of memory counts where the type has none. */
export function limitsOf({ app, types }: AppLimits, type: string): ProcessLimits {
  const own = Object.hasOwn(types, type) ? types[type] : undefined;
  const { openFiles } = app;
  return { ...(openFiles === undefined ? {} : { openFiles }), ...own };
}

/** For people: `64M`, `0.5`. */
export function limitText(name: keyof WholeLimits, value: number): string {
  return name === "memory" || name === "disk" ? sizeText(value) : String(value);
}

/** For people: `64M`. */
export function sizeText(bytes: number): string {
  return `${Math.floor(bytes / mebi)}M`;
}

/**
 * The heap of V8 in MiB under a limit of memory in bytes: it sees the host's memory and would grow beyond the limit. A
 * quarter, and at least 32 MiB, stays for what is not heap.
 */
export function heapOf(memory: number): number {
  return Math.max(16, Math.floor(Math.min(memory * 0.75, memory - 32 * mebi) / mebi));
}

type Asked = { readonly who: string; readonly kind: LimitKind; readonly value: number };

function asked({ app, types }: AppLimits): Asked[] {
  const all: readonly (readonly [string, WholeLimits])[] = [["The app", app], ...Object.entries(types)];
  return all.flatMap(([who, limits]) =>
    limitKinds.flatMap((kind) => {
      const value = limits[kind.name];
      return value === undefined ? [] : [{ who, kind, value }];
    }),
  );
}
