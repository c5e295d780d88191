/**
 * `npm run faults`: every cell of the matrix on real processes, and the matrix as tables. Exit status 1 when a cell does not
 * hold. `-- --way rollback --step start --kill caddy` runs those cells alone.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployStep, type DeployStep } from "#core/api/deploys.ts";
import { startPlatform, type RunningPlatform } from "../e2e/platform.ts";
import { tables, ways, type Row, type Way } from "./cells.ts";
import { victims, type Victim } from "./kills.ts";
import { prepareCells, runCell } from "./run-cell.ts";
import { renderMatrix, type Outcome, type Tried } from "./table.ts";

const wanted = read();

let platform: RunningPlatform | undefined;
const tried: Tried[] = [];
let isEnding = false;
// The cell that runs comes to its end, and so does its platform.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isEnding = true));
const began = performance.now();
try {
  for (const way of wanted.ways) {
    for (const row of tables[way].rows.filter(({ step }) => wanted.steps.includes(step)))
      if (!isEnding) tried.push({ ...row, way, outcomes: await outcomesOf(way, row) });
    await platform?.stop();
    platform = undefined;
  }
} finally {
  await platform?.stop();
}
process.stderr.write(`${Math.round((performance.now() - began) / 1000)} s\n`);
process.stdout.write(renderMatrix(tried, wanted.victims));
if (isEnding || tried.some(({ outcomes }) => [...outcomes.values()].some(({ failure }) => failure !== undefined)))
  process.exitCode = 1;

async function outcomesOf(way: Way, { moment }: Row): Promise<Map<Victim, Outcome>> {
  const outcomes = new Map<Victim, Outcome>();
  const isThere = (victim: Victim) => typeof moment.cells[victim] !== "string";
  // A cell that is run looks into those of its row that have no process.
  const alone = !wanted.victims.some(isThere);
  for (const victim of wanted.victims) {
    if (isEnding) break;
    const outcome = isThere(victim) || alone ? await outcomeOf(way, moment, victim) : { text: "n/a" };
    process.stderr.write(`${way}, ${moment.point}, ${victims[victim]}: ${outcome.text} ${outcome.failure ?? ""}\n`);
    outcomes.set(victim, outcome);
  }
  return outcomes;
}

async function outcomeOf(way: Way, moment: Row["moment"], victim: Victim): Promise<Outcome> {
  try {
    platform ??= await fresh(way);
    const held = await runCell(platform, way, moment, victim);
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

async function fresh(way: Way): Promise<RunningPlatform> {
  const one = await startPlatform({ supervisor: join(import.meta.dirname, "../e2e/faulty/supervisor.ts") });
  await prepareCells(one, way);
  return one;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

type Wanted = {
  readonly ways: readonly Way[];
  readonly steps: readonly DeployStep[];
  readonly victims: readonly Victim[];
};

function read(): Wanted {
  try {
    const one = { type: "string" } as const;
    const { values } = parseArgs({ options: { way: one, step: one, kill: one } });
    return {
      ways: chosen("--way", values.way, ways),
      steps: chosen("--step", values.step, deployStep.options),
      victims: chosen("--kill", values.kill, Object.keys(victims) as Victim[]),
    };
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
