/** The matrix as a Markdown table, with the reason of each cell that has no process, and of each that did not hold. */
import type { DeployStep } from "#core/api/deploys.ts";
import { victims, type Moment, type Victim } from "./cells.ts";

export type Outcome = { readonly text: string; readonly failure?: string };

export type Row = {
  readonly step: DeployStep;
  readonly moment: Moment;
  readonly outcomes: ReadonlyMap<Victim, Outcome>;
};

export function renderMatrix(rows: readonly Row[], columns: readonly Victim[]): string {
  const reasons: string[] = [];
  const cell = ({ moment, outcomes }: Row, victim: Victim): string => {
    const { text = "" } = outcomes.get(victim) ?? {};
    const why = moment.cells[victim];
    if (text !== "n/a" || typeof why !== "string") return text;
    if (!reasons.includes(why)) reasons.push(why);
    return `n/a (${reasons.indexOf(why) + 1})`;
  };
  const head = ["step", "when", ...columns.map((victim) => victims[victim])];
  const lines = [
    head,
    head.map(() => "---"),
    ...rows.map((row) => [row.step, row.moment.says, ...columns.map((victim) => cell(row, victim))]),
  ];
  const table = lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
  const notes = reasons.map((why, index) => `${index + 1}. n/a: ${why}. That there is none was looked into.`);
  const failures = rows.flatMap(({ moment, outcomes }) =>
    [...outcomes].flatMap(([victim, { failure }]) =>
      failure === undefined ? [] : [`- ${moment.point}, ${victims[victim]} killed: ${failure}`],
    ),
  );
  return [table, "", ...notes, ...(failures.length === 0 ? [] : ["", "Did not hold:", "", ...failures]), ""].join("\n");
}
