/**
 * `npm run faults`: every cell of the matrix on real processes, and the matrix as a table. Exit status 1 when a cell does
 * not hold. `-- --step build --kill caddy` runs those cells alone.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployStep, type DeployStep } from "#core/api/deploys.ts";
import { startPlatform, type RunningPlatform } from "../e2e/platform.ts";
import { matrix, victims, type Victim } from "./cells.ts";
import { prepareCells, runCell } from "./run-cell.ts";
import { renderMatrix, type Outcome, type Row } from "./table.ts";

const [steps, killed] = read();

let platform: RunningPlatform | undefined;
const rows: Row[] = [];
const began = performance.now();
try {
  for (const step of steps) {
    for (const moment of matrix[step]) {
      const outcomes: [Victim, Outcome][] = [];
      for (const victim of killed) {
        const outcome = await outcomeOf(moment, victim);
        process.stderr.write(`${moment.point}, ${victims[victim]}: ${outcome.text}\n`);
        outcomes.push([victim, outcome]);
      }
      rows.push({ step, moment, outcomes: new Map(outcomes) });
    }
  }
} finally {
  await platform?.stop();
}
process.stderr.write(`${Math.round((performance.now() - began) / 1000)} s\n`);
process.stdout.write(renderMatrix(rows, killed));
if (rows.some(({ outcomes }) => [...outcomes.values()].some(({ failure }) => failure !== undefined)))
  process.exitCode = 1;

async function outcomeOf(moment: Row["moment"], victim: Victim): Promise<Outcome> {
  try {
    platform ??= await fresh();
    const held = await runCell(platform, moment, victim);
    if (held === undefined) return { text: "n/a" };
    const away =
      held.away === undefined ? "" : `, ${held.away === 0 ? "nobody noticed" : `away ${seconds(held.away)}`}`;
    return { text: `ok ${seconds(held.rest)}${away}` };
  } catch (error) {
    // What it left must not be taken for the next cell's.
    await platform?.stop().catch(() => undefined);
    platform = undefined;
    return { text: "RED", failure: error instanceof Error ? error.message : String(error) };
  }
}

async function fresh(): Promise<RunningPlatform> {
  const one = await startPlatform({ supervisor: join(import.meta.dirname, "../e2e/faulty/supervisor.ts") });
  await prepareCells(one);
  return one;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function read(): [readonly DeployStep[], readonly Victim[]] {
  try {
    const { values } = parseArgs({ options: { step: { type: "string" }, kill: { type: "string" } } });
    const all = Object.keys(victims) as Victim[];
    return [chosen("--step", values.step, deployStep.options), chosen("--kill", values.kill, all)];
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

function chosen<Name extends string>(option: string, value: string | undefined, all: readonly Name[]): readonly Name[] {
  const found = value === undefined ? all : all.filter((one) => one === value);
  if (found.length === 0) throw new TypeError(`${option} takes one of ${all.join(", ")}`);
  return found;
}
