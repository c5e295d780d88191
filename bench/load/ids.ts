/** What the app has done of what it was asked to do. */

/** `given`: ids that were sent, each once. `done`: a line for each time that the app has executed one. */
export function compareIds(given: readonly string[], done: string): { readonly twice: number; readonly never: number } {
  const counts = new Map<string, number>();
  for (const id of done.split("\n").filter((line) => line !== "")) counts.set(id, (counts.get(id) ?? 0) + 1);
  return {
    twice: [...counts.values()].filter((count) => count > 1).length,
    never: given.filter((id) => !counts.has(id)).length,
  };
}
