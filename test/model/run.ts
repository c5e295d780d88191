/**
 * `npm run model`: events by chance on the real supervisor, five minutes long. `-- --seed N --seconds S` chooses; the same
 * seed is the same events. `--system` is system mode, for root. On a failure it prints them, cut down as far as they still fail, and exits 1.
 */
import { parseArgs } from "node:util";
import { playFrom } from "./play-from.ts";

const { mode, seed, seconds } = read();
process.stdout.write(`seed ${seed}, ${seconds} s, ${mode} mode\n`);
const isPassed = await playFrom({
  mode,
  seed,
  seconds,
  shrinkSeconds: 240,
  say: (line) => process.stdout.write(`${line}\n`),
});
if (!isPassed) process.exitCode = 1;

function read(): { mode: "user" | "system"; seed: number; seconds: number } {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, seconds: { type: "string" }, system: { type: "boolean", default: false } },
  });
  const numberOf = (name: "seed" | "seconds", otherwise: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    process.stderr.write(`--${name} takes a whole number\n`);
    return process.exit(2);
  };
  const mode = values.system ? "system" : "user";
  return { mode, seed: numberOf("seed", Date.now() % 1_000_000), seconds: numberOf("seconds", 300) };
}
