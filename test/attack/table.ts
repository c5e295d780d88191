/** The attack table as people read it: a row an attempt, a column a stage of the app. */
import { stages, type Stage, type Tries } from "./bench.ts";

export type Found = { readonly outside: Tries; readonly from: ReadonlyMap<Stage, Tries> };

/** What a wall that a host may lack keeps closed, by the beginning of the attempts' names. */
const walls: Readonly<Record<string, string>> = {
  "abstract-": "abstract-sockets",
  connections: "sight",
  "fill-run": "run-directory",
  "port-given": "ports",
  port: "loopback",
  api: "loopback",
  "database-": "loopback",
  "fork-bomb": "processes",
  memory: "memory",
};

/** The wall whose lack would let an attempt succeed; undefined for one that must fail on every host. */
export function wallOf(name: string): string | undefined {
  return walls[Object.keys(walls).find((beginning) => name.startsWith(beginning)) ?? ""];
}

/** Attempts of this stage that succeeded though no missing wall explains it. */
export function breaches(tries: Tries, missing: readonly string[]): string[] {
  return [...tries].flatMap(([name, { succeeded, what, how }]) =>
    succeeded && !missing.includes(wallOf(name) ?? "") ? [`${what}: ${how}`] : [],
  );
}

export function tableOf({ outside, from }: Found): string {
  const head = ["it tries to", ...stages];
  const rows = [...outside].map(([name, { what }]) => [what, ...stages.map((stage) => cell(name, from.get(stage)))]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function cell(name: string, tries: Tries | undefined): string {
  const found = tries?.get(name);
  if (found === undefined) return "-";
  return found.succeeded ? `open: ${wallOf(name) ?? "a bug"}` : "refused";
}
