/** Median and spread of repeated measurements, and what may be claimed from them. */

export type Summary = { readonly n: number; readonly median: number; readonly min: number; readonly max: number };

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
  return { n: sorted.length, median, min: at(0), max: at(sorted.length - 1) };
}

/** `672 (650-714)`: the median, and the smallest and largest value. */
export function spread({ median, min, max }: Summary, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

/** A goal is met when every run met it, missed when none did; in between only the spread can be told. */
export function verdict({ min, max }: Summary, atMost: number): "met" | "missed" | "open: inside the spread" {
  if (max <= atMost) return "met";
  return min > atMost ? "missed" : "open: inside the spread";
}
