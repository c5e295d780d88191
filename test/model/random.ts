/** Chance that can be had again: the same seed, the same choices. */
export type Random = {
  /** A whole number from 0, smaller than `count`. */
  below(count: number): number;
  chance(probability: number): boolean;
  pick<One>(list: readonly One[]): One;
  /** One of these, each as often as its weight says. */
  weighted<One>(list: readonly (readonly [weight: number, one: One])[]): One;
};

/** Mulberry32: 32 bits of state are enough for what is tried here. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  const pick = <One>(list: readonly One[]): One => {
    const found = list[below(list.length)];
    if (found === undefined) throw new Error("there is nothing to pick from");
    return found;
  };
  return {
    below,
    pick,
    chance: (probability) => next() < probability,
    weighted: (list) => {
      let left = next() * list.reduce((sum, [weight]) => sum + weight, 0);
      const found = list.find(([weight]) => (left -= weight) < 0) ?? list.at(-1);
      if (found === undefined) throw new Error("there is nothing to pick from");
      return found[1];
    },
  };
}
