/**
 * The house rules of docs/architecture.md as a pure function over a set of files: paths to texts in, violations out.
 * The floors are the table below; a file imports from its own folder and from lower floors, never sideways or up.
 */
import { posix } from "node:path";
import { readSource, type Import, type SourceFacts } from "./source-facts.ts";

export type Violation = { readonly rule: Rule; readonly file: string; readonly detail: string };

export type Rule = keyof typeof rules;

/** Lowest first. Folders on one line are one floor and do not know each other. */
export const floors: readonly (readonly string[])[] = [
  ["core"],
  ["sys", "wire"],
  ["supervisor", "tunnel", "store", "plugins", "install"],
  ["identity"],
  ["paas", "access"],
  ["server", "cli"],
  ["cmd"],
];

/** Files longer than this need a reason; in lines. */
export const LONG = 300;

/** The honest giants: a file that may be long, and why. */
export const giants: Readonly<Record<string, string>> = {};

const spawners = [
  "src/sys/exec.ts",
  "src/sys/stream-process.ts",
  "src/sys/attached-process.ts",
  "src/supervisor/run.ts",
  "src/supervisor/job.ts",
  "src/supervisor/host-tool.ts",
  "src/supervisor/sessions.ts",
  "src/wire/command/piped.ts",
];
const vagueNames = /^(utils?|helpers?|managers?|common|misc|shared-utils)$/;

type Edge = Import & { readonly to: string | undefined };

type Source = SourceFacts & {
  readonly path: string;
  /** `core`, `paas`, ..., `cmd`; undefined for tests, scripts and benches outside src and cmd. */
  readonly folder: string | undefined;
  readonly isTest: boolean;
  readonly edges: readonly Edge[];
};

type House = ReadonlyMap<string, Source>;

/** Each rule by its name: what it says about one file of the house. */
const rules = {
  "no import upwards": (file) =>
    floorEdges(file).flatMap(({ to, from, target }) => (floorOf(target) > floorOf(from) ? [to] : [])),

  "no import sideways": (file) =>
    floorEdges(file).flatMap(({ to, from, target }) =>
      target !== from && floorOf(target) === floorOf(from) ? [to] : [],
    ),

  "every folder has a floor": (file) =>
    file.folder !== undefined && floorOf(file.folder) < 0 ? [`${file.folder} is on no floor`] : [],

  "relative inside a folder, # across folders": (file) =>
    file.edges.flatMap(({ specifier, to }) => {
      const target = to === undefined ? undefined : folderOf(to);
      // cmd has composition roots and their wiring: there a # path reads better and leads nowhere else.
      if (file.folder === undefined || target === undefined || target === "cmd") return [];
      return specifier.startsWith("#") === (target === file.folder) ? [specifier] : [];
    }),

  "no production file imports a test": (file) =>
    file.folder === undefined || file.isTest
      ? []
      : file.edges.flatMap(({ to }) =>
          to !== undefined && /\.[tj]s$/.test(to) && (isTest(to) || folderOf(to) === undefined) ? [to] : [],
        ),

  "no plugin knows another": (file) => {
    const plugin = pluginOf(file.path);
    if (plugin === undefined) return [];
    return file.edges.flatMap(({ to }) => {
      const other = to === undefined ? undefined : pluginOf(to);
      return other !== undefined && other !== plugin ? [String(to)] : [];
    });
  },

  "plugins see core and sys only": (file) =>
    file.folder === "plugins" ? outside(file, ["plugins", "core", "sys"]) : [],

  "only cmd chooses plugins": (file) =>
    file.folder === undefined || file.folder === "cmd" || file.isTest
      ? []
      : outside(
          file,
          floors.flat().filter((name) => name !== "plugins" || file.folder === "plugins"),
        ),

  "wire sees core only": (file) => (file.folder === "wire" ? outside(file, ["wire", "core"]) : []),

  "the supervisor's daemon stands on Node alone": (file, house) => {
    if (!isDaemon(file)) return [];
    return [
      ...(file.folder === "supervisor" ? outside(file, ["supervisor", "core"], "at run time") : []),
      ...packagesBehind(file, house),
    ];
  },

  "the agent knows neither store nor gateway": (file, house) =>
    file.path.startsWith("src/access/agent/") && !file.isTest
      ? reachable(file, house).filter((path) => path.startsWith("src/store/") || path.startsWith("src/access/gateway/"))
      : [],

  "row types never leave the store": (file) =>
    file.folder === "store" || file.folder === undefined
      ? []
      : file.edges.flatMap(({ to, specifier, names }) => {
          if (specifier === "kysely" || to === "src/store/tables.ts" || to?.startsWith("src/store/migrations/"))
            return [specifier];
          return to?.startsWith("src/store/") ? names.filter((name) => /(Row|Table|Tables)$/.test(name)) : [];
        }),

  "only cmd reads the process": (file) =>
    file.folder === undefined || file.folder === "cmd" || file.isTest
      ? []
      : file.processMembers.map((member) => `process.${member}`),

  "child processes start in one place": (file) =>
    file.folder === undefined || file.isTest || spawners.includes(file.path)
      ? []
      : file.edges
          .filter(({ typeOnly, specifier }) => !typeOnly && /^(node:)?(child_process|cluster)$/.test(specifier))
          .map(({ specifier }) => specifier),

  "every import can be followed": (file) =>
    file.computedImport && file.folder !== undefined && file.folder !== "cmd" && !file.isTest
      ? ["import() of no literal"]
      : [],

  "no any": (file) => (file.usesAny ? ["any"] : []),

  "no barrels": (file) => {
    if (/^src\/plugins\/([^/]+\/)?index\.ts$/.test(file.path)) return [];
    return file.isBarrel || posix.basename(file.path) === "index.ts" ? ["a barrel"] : [];
  },

  "files are named by what they hold": (file) => {
    const name = posix.basename(file.path).replace(/(\.test)?\.[tj]s$/, "");
    const parts = posix.dirname(file.path).split("/");
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [`${name} is not kebab-case`];
    const vague = [name, ...parts, ...name.split("-")].filter((word) => vagueNames.test(word));
    return vague.slice(0, 1).map((word) => `${word} says nothing`);
  },

  "no import cycles": (file, house) => {
    const back = wayBack(file, house);
    return back === undefined ? [] : [back.join(" -> ")];
  },

  "long files have a reason": (file) =>
    file.lines > LONG && !file.isTest && !(file.path in giants) ? [`${file.lines} lines`] : [],
} satisfies Record<string, (file: Source, house: House) => readonly string[]>;

export const ruleNames = Object.keys(rules) as Rule[];

/** Paths are relative to the repository, with slashes. */
export function checkHouse(files: ReadonlyMap<string, string>): Violation[] {
  const house = new Map([...files].map(([path, text]) => [path, readFile(path, text)]));
  return ruleNames.flatMap((rule) =>
    [...house.values()].flatMap((file) =>
      rules[rule](file, house).map((detail) => ({ rule, file: file.path, detail })),
    ),
  );
}

function readFile(path: string, text: string): Source {
  const facts = readSource(path, text);
  const edges = facts.imports.map((one) => ({ ...one, to: targetOf(path, one.specifier) }));
  return { ...facts, path, edges, folder: folderOf(path), isTest: isTest(path) };
}

/** The file that a specifier names, whether it is there or not; undefined for packages and node: modules. */
function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  const hash = /^#([a-z]+)\/(.+)$/.exec(specifier);
  if (hash === null) return undefined;
  return hash[1] === "cmd" ? `cmd/${hash[2]}` : `src/${hash[1]}/${hash[2]}`;
}

function folderOf(path: string): string | undefined {
  const [top, folder] = path.split("/");
  return top === "cmd" ? "cmd" : top === "src" ? folder : undefined;
}

function floorOf(folder: string): number {
  return floors.findIndex((floor) => floor.includes(folder));
}

/** `*.test.ts` beside the source and what only tests use there: `testing.ts`, `testing-x.ts`, `testing/`; all of test/. */
function isTest(path: string): boolean {
  return /(^test\/|\.test\.ts$|\/testing(-[a-z-]+)?\.ts$|\/testing\/)/.test(path);
}

function pluginOf(path: string): string | undefined {
  return /^src\/plugins\/([^/]+)\//.exec(path)?.[1];
}

/** client.ts is the supervisor as others see it; all else in the folder, and its composition root, is the daemon. */
function isDaemon(file: Source): boolean {
  if (file.path === "cmd/supervisor.ts") return true;
  return file.folder === "supervisor" && !file.isTest && !/^src\/supervisor\/client(-[a-z-]+)?\.ts$/.test(file.path);
}

function floorEdges(file: Source, when?: "at run time"): { from: string; to: string; target: string }[] {
  const { folder: from } = file;
  if (from === undefined) return [];
  return file.edges.flatMap(({ to, typeOnly }) => {
    if (typeOnly && when === "at run time") return [];
    const target = to === undefined ? undefined : folderOf(to);
    return to === undefined || target === undefined ? [] : [{ from, to, target }];
  });
}

/** Imports of folders that are not among `allowed`. */
function outside(file: Source, allowed: readonly string[], when?: "at run time"): string[] {
  return floorEdges(file, when).flatMap(({ to, target }) => (allowed.includes(target) ? [] : [to]));
}

/** npm packages that a file loads at run time, itself or through what it imports. */
function packagesBehind(file: Source, house: House): string[] {
  return [file.path, ...reachable(file, house)].flatMap((path) =>
    (house.get(path)?.edges ?? [])
      .filter(({ to, typeOnly, specifier }) => to === undefined && !typeOnly && !specifier.startsWith("node:"))
      .map(({ specifier }) => `${specifier} through ${path}`),
  );
}

/** Files that loading this one loads too. */
function reachable(file: Source, house: House): string[] {
  const seen = new Set<string>();
  const open = [file.path];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { to, typeOnly } of house.get(path)?.edges ?? []) {
      if (to === undefined || seen.has(to) || typeOnly) continue;
      seen.add(to);
      open.push(to);
    }
  }
  return [...seen];
}

/** A shortest way from a file's imports, types included, back to the file. */
function wayBack(file: Source, house: House): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const open = [file.path];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    for (const { to } of house.get(path)?.edges ?? []) {
      if (to === undefined || cameFrom.has(to)) continue;
      cameFrom.set(to, path);
      if (to !== file.path) open.push(to);
      else return trace(cameFrom, file.path);
    }
  }
  return undefined;
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string): string[] {
  const way = [start];
  for (let path = cameFrom.get(start); path !== undefined && path !== start; path = cameFrom.get(path))
    way.unshift(path);
  return [start, ...way];
}
