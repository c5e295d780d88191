/**
 * Options that every bench takes: `--runs N` (fewer than unless said are for trying it out) and `--json`; and `--control` of
 * one that can run with a fault that it must see.
 */
import { parseArgs } from "node:util";

export type BenchOptions = { readonly runs: number; readonly json: boolean; readonly control: boolean };

export function readOptions(unlessSaid: number, { hasControl = false } = {}): BenchOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: { runs: { type: "string" }, json: flag, ...(hasControl ? { control: flag } : {}) },
  });
  const runs = Number(values.runs ?? unlessSaid);
  if (!Number.isInteger(runs) || runs < 1) throw new TypeError("--runs takes a whole number from 1 on");
  return { runs, json: values.json, control: values.control === true };
}
