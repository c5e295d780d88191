/** How a question was answered: each place that was looked at, in order, and what stood there. `--why` shows it. */

export type Look = {
  /** Where: `--app`, `HOP3_APP`, `hop3.toml [metadata] id`. */
  readonly where: string;
  /** What it said, or why it says nothing: `blog`, `not set`. */
  readonly said: string;
  readonly isTaken: boolean;
};

export type Found<Value> = {
  readonly value: Value;
  /** The place that gave it. */
  readonly source: string;
};

export type Traced<Value> = { readonly found: Found<Value> | undefined; readonly looks: readonly Look[] };

export type Place<Value> = {
  readonly where: string;
  /** The value, or in words why there is none. Throws for a value that is none. */
  readonly look: () => Found<Value> | string | Promise<Found<Value> | string>;
};

/** Asks one place after the other; what comes behind the one that answers is not looked at. */
export async function firstOf<Value>(
  places: readonly Place<Value>[],
  shown: (value: Value) => string,
): Promise<Traced<Value>> {
  const looks: Look[] = [];
  for (const { where, look } of places) {
    const found = await look();
    if (typeof found !== "string") {
      looks.push({ where: found.source, said: shown(found.value), isTaken: true });
      return { found, looks };
    }
    looks.push({ where, said: found, isTaken: false });
  }
  return { found: undefined, looks };
}

/** Lines for a reader: the answer, and below it the places. */
export function traceText(subject: string, answer: string | undefined, looks: readonly Look[]): string {
  return [
    `${subject}: ${answer ?? "none"}`,
    ...looks.map(({ where, said, isTaken }) => `  ${isTaken ? ">" : " "} ${where}: ${said}`),
  ].join("\n");
}
