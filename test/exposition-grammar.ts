/**
 * A strict reader of Prometheus' text format 0.0.4, for tests: it takes less than Prometheus does, and throws at anything
 * else. By the format's page: families whole and once, HELP then TYPE then samples, each series once, names and escapes.
 */
export type Parsed = {
  readonly type: string;
  readonly help: string;
  /** Value by labels, as sorted JSON. */
  readonly series: ReadonlyMap<string, number>;
};

const metric = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const head = new RegExp(`^# (HELP|TYPE) (${metric}) (.+)$`);
const line = new RegExp(
  String.raw`^(${metric})(?:\{(${label}(?:,${label})*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$`,
);

export function parseExposition(text: string): Map<string, Parsed> {
  if (!text.endsWith("\n")) throw new Error("it does not end with a line feed");
  const families = new Map<string, { type: string; help: string; series: Map<string, number> }>();
  let current: { name: string; help: string; type?: string } | undefined;
  for (const row of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = head.exec(row) ?? [];
    if (kind === "HELP") {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = { name, help: rest };
      continue;
    }
    if (kind === "TYPE") {
      if (current?.name !== name || current.type !== undefined)
        throw new Error(`TYPE of ${name} is not after its HELP`);
      if (!["counter", "gauge"].includes(rest)) throw new Error(`${rest} is no type that we have`);
      if ((rest === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${rest}`);
      current.type = rest;
      families.set(name, { type: rest, help: current.help, series: new Map() });
      continue;
    }
    const [, sample = "", labels = "", value] = line.exec(row) ?? [];
    if (value === undefined) throw new Error(`not a line of the format: ${row}`);
    if (current?.name !== sample || current.type === undefined) throw new Error(`${sample} is not in its family`);
    const pairs = [...labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, quoted]) => [
      key,
      unescape(quoted ?? ""),
    ]);
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`a label comes twice: ${row}`);
    const key = keyOf(pairs);
    const series = families.get(sample)?.series;
    if (series?.has(key) !== false) throw new Error(`a series comes twice: ${row}`);
    series.set(key, Number(value.replace("Inf", "Infinity")));
  }
  return families;
}

/** The value of one series; undefined when there is none. */
export function valueOf(
  families: ReadonlyMap<string, Parsed>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  return families.get(name)?.series.get(keyOf(Object.entries(labels)));
}

function keyOf(pairs: readonly (readonly (string | undefined)[])[]): string {
  return JSON.stringify(pairs.map((pair) => pair.join("=")).toSorted((a, b) => (a < b ? -1 : 1)));
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
