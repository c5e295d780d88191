/** What was played and what became of it, counted. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  count(what: string, how: string): void {
    const counts = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, counts.set(how, (counts.get(how) ?? 0) + 1));
  }

  get total(): number {
    return [...this.#counts.values()].flatMap((counts) => [...counts.values()]).reduce((sum, one) => sum + one, 0);
  }

  lines(): string[] {
    return [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, counts]) => `${what}: ${[...counts].map(([how, count]) => `${count} ${how}`).join(", ")}`);
  }
}
