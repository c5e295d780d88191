/** Clients that go on until they are stopped, and what became of each thing that they did. None of them tries twice. */

export type Tally = {
  /** What came to its end as it should; streams that were held for their time among them. */
  good: number;
  /** No answer, one that is not 200, or a stream that ended otherwise than it may. */
  readonly failed: string[];
  /** Bodies, either way, that came short or otherwise than they were sent. */
  readonly broken: string[];
  /** Of the good ones, those that the client has a word for: across a switch, closed at the end of the grace. */
  readonly remarks: Map<string, number>;
};

/** A body that is not what was sent. */
export class BrokenBody extends Error {}

/** What a client does once; throws when it failed, else may have a remark. `due` is when it was to begin, by `performance.now`. */
export type Once = (signal: AbortSignal, due: number) => Promise<string | void>;

export type Loop = { readonly tally: Tally; readonly ended: Promise<void> };

/**
 * Repeats until the signal; what is under way then is finished and counted. With `everyMs` on a timetable: what comes late
 * is begun at once, so that a stall delays all that was due in it and not just one request.
 */
export function repeat(once: Once, signal: AbortSignal, everyMs?: number): Loop {
  const tally: Tally = { good: 0, failed: [], broken: [], remarks: new Map() };
  const run = async (): Promise<void> => {
    let due = performance.now();
    while (!signal.aborted) {
      try {
        const remark = await once(signal, due);
        tally.good += 1;
        if (remark !== undefined) tally.remarks.set(remark, (tally.remarks.get(remark) ?? 0) + 1);
      } catch (error) {
        const what = `${new Date().toISOString().slice(11, 23)} ${error instanceof Error ? error.message : String(error)}`;
        (error instanceof BrokenBody ? tally.broken : tally.failed).push(what);
        // What is refused at once would else be asked for thousands of times.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      due = everyMs === undefined ? performance.now() : due + everyMs;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
  return { tally, ended: run() };
}

/** Several as one. */
export function sum(tallies: readonly Tally[]): Tally {
  const remarks = new Map<string, number>();
  for (const one of tallies)
    for (const [remark, count] of one.remarks) remarks.set(remark, (remarks.get(remark) ?? 0) + count);
  return {
    good: tallies.reduce((total, { good }) => total + good, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    broken: tallies.flatMap(({ broken }) => broken),
    remarks,
  };
}
