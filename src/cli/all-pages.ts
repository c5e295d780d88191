/** A list that the server answers in pages, as a whole. */

/** More items than a person reads, and than any server has. */
const itemsMax = 100_000;

/** `ask` is given the cursor of each page, and says what it holds and which comes next. */
export async function allPages<Item>(
  ask: (cursor: string | undefined) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
): Promise<Item[]> {
  const all: Item[] = [];
  for (let cursor: string | undefined; all.length < itemsMax;) {
    const { items, next } = await ask(cursor);
    all.push(...items);
    if (next === null) return all;
    cursor = next;
  }
  return all;
}
