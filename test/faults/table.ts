/** The matrix as Markdown tables, with the reason of each cell that has no process, and of each that did not hold. */
import { tables, type Row, type Way } from "./cells.ts";
import { victims, type Victim } from "./kills.ts";

export type Outcome = { readonly text: string; readonly failure?: string };

export type Tried = Row & { readonly way: Way; readonly outcomes: ReadonlyMap<Victim, Outcome> };

export function renderMatrix(tried: readonly Tried[], columns: readonly Victim[]): string {
  const reasons: string[] = [];
  const cell = ({ moment, outcomes }: Tried, victim: Victim): string => {
    const { text = "" } = outcomes.get(victim) ?? {};
    const why = moment.cells[victim];
    if (text !== "n/a" || typeof why !== "string") return text;
    if (!reasons.includes(why)) reasons.push(why);
    return `n/a (${reasons.indexOf(why) + 1})`;
  };
  const head = ["step", "when", ...columns.map((victim) => victims[victim])];
  const sections = [...Map.groupBy(tried, ({ way }) => way)].map(([way, rows]) => {
    const lines = [
      head,
      head.map(() => "---"),
      ...rows.map((row) => [row.step, row.moment.says, ...columns.map((victim) => cell(row, victim))]),
    ];
    return `## ${tables[way].says}\n\n${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
  });
  const notes = reasons.map((why, index) => `${index + 1}. n/a: ${why}. That there is none was looked into.`);
  const failures = tried.flatMap(({ way, moment, outcomes }) =>
    [...outcomes].flatMap(([victim, { failure }]) =>
      failure === undefined ? [] : [`- ${way}, ${moment.point}, ${victims[victim]} killed: ${failure}`],
    ),
  );
  return [...sections, ...notes, ...(failures.length === 0 ? [] : ["", "Did not hold:", "", ...failures]), ""].join(
    "\n",
  );
}
