/**
 * Does `work` for each item, at most `atOnce` at a time. The first that fails ends what goes on by its signal, and what has
 * not begun never does; when all of it has ended, its error is thrown.
 */
export async function sideBySide<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const failures: unknown[] = [];
  const left = items.values();
  const one = async (): Promise<void> => {
    for (const item of left) {
      if (stop.signal.aborted) return;
      try {
        await work(item, stop.signal);
      } catch (thrown) {
        failures.push(thrown);
        stop.abort(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  if (failures.length > 0) throw failures[0];
}
