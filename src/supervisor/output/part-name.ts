/** What the files of a run's log are called: `7`, and `7.zst` when it is finished and was compressed. */

export const compressedEnding = ".zst";

/** The number of a part by the name of its file; undefined for what is none. */
export function partNumber(name: string): number | undefined {
  const found = /^(\d{1,15})(?:\.zst)?$/.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The numbers of the parts that have files of these names, ascending. One that has both counts once. */
export function partNumbers(names: readonly string[]): number[] {
  const found = names.map(partNumber).filter((number) => number !== undefined);
  return [...new Set(found)].toSorted((a, b) => a - b);
}
