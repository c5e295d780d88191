/** Two figures of the same rounds beside each other: only their ratio within a round is claimed. */
import { spread, summarize } from "../statistics.ts";

export type Better = "less" | "more";

/**
 * A row: what, ours, theirs, ours / theirs, and whether ours was at least as good. The lists have a figure a round, in
 * the same order.
 */
export function sideBySide(
  what: string,
  ours: readonly number[],
  theirs: readonly number[],
  digits: number,
  better: Better,
): string[] {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return [
    what,
    spread(summarize(ours), digits),
    spread(summarize(theirs), digits),
    spread(summarize(ratios), 2),
    atLeastAsGood(ratios, better),
  ];
}

function atLeastAsGood(ratios: readonly number[], better: Better): string {
  const good = ratios.filter((ratio) => (better === "less" ? ratio <= 1 : ratio >= 1)).length;
  if (good === ratios.length) return "met";
  return good === 0 ? "missed" : "open: inside the spread";
}
