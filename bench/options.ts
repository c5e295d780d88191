/**
 * Options that every bench takes: `--runs N` (fewer than unless said are for trying it out) and `--json`; and `--control` of
 * one that can run with a fault that it must see. `--quick` and `--only PART` are of one that has parts and takes long.
 */
import { parseArgs } from "node:util";

export type BenchOptions = {
  readonly runs: number;
  readonly json: boolean;
  readonly control: boolean;
  readonly quick: boolean;
  readonly only: string | undefined;
};

export function readOptions(
  unlessSaid: number,
  { hasControl = false, parts = [] }: { readonly hasControl?: boolean; readonly parts?: readonly string[] } = {},
): BenchOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: {
      runs: { type: "string" },
      json: flag,
      ...(hasControl ? { control: flag } : {}),
      ...(parts.length > 0 ? { quick: flag, only: { type: "string" } } : {}),
    },
  });
  const runs = Number(values.runs ?? unlessSaid);
  if (!Number.isInteger(runs) || runs < 1) throw new TypeError("--runs takes a whole number from 1 on");
  const { only } = values;
  if (only !== undefined && !(typeof only === "string" && parts.includes(only)))
    throw new TypeError(`--only takes one of ${parts.join(", ")}`);
  return { runs, json: values.json, control: values.control === true, quick: values.quick === true, only };
}
