/** `npm run fuzz:api`: a long look, five minutes unless said. `-- --seconds N --seed S`; the same seed is the same requests; `--verbose` tells them by operation. */
import { parseArgs } from "node:util";
import { play } from "./play.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, seconds: { type: "string" }, verbose: { type: "boolean", default: false } },
});
const numberOf = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write("--seconds and --seed take whole numbers\n");
  return process.exit(2);
};
const seed = numberOf(values.seed, Date.now() % 1_000_000);
const seconds = numberOf(values.seconds, 300);
process.stdout.write(`seed ${seed}, ${seconds} s\n`);
const { answered, wrong, left } = await play({ seed, seconds });
const totals = new Map<number, number>();
for (const counts of answered.values())
  for (const [status, count] of counts) totals.set(status, (totals.get(status) ?? 0) + count);
const all = [...totals.values()].reduce((sum, count) => sum + count, 0);
const byStatus = [...totals].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
process.stdout.write(`${all} requests of ${answered.size} operations answered (${byStatus.join(", ")})\n`);
if (values.verbose) {
  for (const [operation, counts] of answered) {
    const text = [...counts].map(([status, count]) => `${status}: ${count}`).join(", ");
    process.stdout.write(`  ${operation}: ${text}\n`);
  }
}
for (const one of [...wrong, ...left]) process.stdout.write(`WRONG ${one}\n`);
process.stdout.write(`${wrong.length + left.length} wrong\n`);
if (wrong.length + left.length > 0) process.exitCode = 1;
