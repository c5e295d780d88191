/** What a bench prints: one JSON document with `--json`, else a markdown table with the machine above and notes below. */
import { machineLine, thisMachine } from "./machine.ts";

export type Report = {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  /** The samples themselves, for `--json`. */
  readonly samples: unknown;
};

const machine = thisMachine();

export function print(report: Report, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...report, machine }, undefined, 2)}\n`);
    return;
  }
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  process.stdout.write(`${report.name}: ${machineLine(machine)}\n\n`);
  process.stdout.write(line(report.columns) + line(report.columns.map(() => "---")));
  for (const row of report.rows) process.stdout.write(line(row));
  if (report.notes.length > 0) process.stdout.write(`\n${report.notes.map((note) => `- ${note}`).join("\n")}\n`);
}

/** Progress goes to stderr: stdout is the table. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
