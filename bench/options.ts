/** Options that every bench takes: `--runs N` (10 unless said; fewer are for trying it out) and `--json`. */
import { parseArgs } from "node:util";

export type BenchOptions = { readonly runs: number; readonly json: boolean };

export function readOptions(unlessSaid: number): BenchOptions {
  const { values } = parseArgs({ options: { runs: { type: "string" }, json: { type: "boolean", default: false } } });
  const runs = Number(values.runs ?? unlessSaid);
  if (!Number.isInteger(runs) || runs < 1) throw new TypeError("--runs takes a whole number from 1 on");
  return { runs, json: values.json };
}
