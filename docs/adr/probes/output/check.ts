/** Reads the final log of an instance and counts what is missing, doubled or out of order. Imported by run.ts. */
import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Verdict = {
  seen: number;
  missing: number;
  doubled: number;
  disordered: number;
  broken: number;
  dropNotes: number;
};

export async function check(dir: string, lines: number): Promise<Verdict> {
  const counts = new Uint8Array(lines);
  const verdict: Verdict = { seen: 0, missing: 0, doubled: 0, disordered: 0, broken: 0, dropNotes: 0 };
  let last = -1;
  for (const name of readdirSync(join(dir, "log")).sort((a, b) => Number(a) - Number(b))) {
    for await (const line of createInterface({ input: createReadStream(join(dir, "log", name)) })) {
      const match = /^\d{4}-\d\d-\d\dT[\d:.]+Z out (\d{10})x{89}$/.exec(line);
      if (/Z sys /.test(line)) verdict.dropNotes++;
      else if (match === null) verdict.broken++;
      else {
        const number = Number(match[1]);
        verdict.seen++;
        if (number <= last) verdict.disordered++;
        if ((counts[number] ?? 0) > 0) verdict.doubled++;
        counts[number] = 1;
        last = number;
      }
    }
  }
  verdict.missing = counts.reduce((sum, one) => sum + (one === 0 ? 1 : 0), 0);
  return verdict;
}
