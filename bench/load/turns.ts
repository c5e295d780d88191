/** Whose turn it is: told from who answers the many short requests, which nobody can tell better than users. */

/** Short answers without one of an instance, after which it has left; with 12 instances in turn each has every twelfth. */
const enough = 60;

export type Turns = {
  /** A short request was answered by this instance. */
  heard(instance: string): void;
  /** Others answer now: what this instance still answers spans a switch. */
  hasLeft(instance: string): boolean;
};

export function watchTurns(): Turns {
  let answers = 0;
  const last = new Map<string, number>();
  return {
    heard(instance) {
      answers += 1;
      last.set(instance, answers);
    },
    hasLeft: (instance) => answers - (last.get(instance) ?? 0) > enough,
  };
}
