/** How long short requests take in quiet times and while something is done to the app. */

/** Of an operation that is counted as change, in milliseconds: it builds, starts and switches then; after it, it only waits for what leaves. */
const changeMs = 5000;

export type Latency = { readonly p50: number; readonly p99: number; readonly max: number; readonly n: number };

export type Latencies = {
  /** A request that was due at `due` (by `performance.now`) and took `ms` from then. */
  took(due: number, ms: number): void;
  /** The load is up: what came before is not counted. */
  quietFrom(): void;
  /** An operation begins. */
  changing(): void;
  quiet(): Latency;
  /** Of the requests that were due within 5 s of the begin of an operation. */
  changed(): Latency;
  /** Of all since the first operation. */
  since(): Latency;
  /** When the first operation after this moment began. */
  firstAfter(moment: number): number | undefined;
};

export function measureLatency(): Latencies {
  const samples: { readonly due: number; readonly ms: number }[] = [];
  const begins: number[] = [];
  const of = (wanted: (due: number) => boolean) =>
    summary(samples.filter(({ due }) => wanted(due)).map(({ ms }) => ms));
  let up = -Infinity;
  const first = () => begins[0] ?? Infinity;
  return {
    took: (due, ms) => void samples.push({ due, ms }),
    quietFrom: () => void (up = performance.now()),
    changing: () => void begins.push(performance.now()),
    quiet: () => of((due) => due >= up && due < first()),
    changed: () => of((due) => begins.some((begin) => due >= begin && due < begin + changeMs)),
    since: () => of((due) => due >= first()),
    firstAfter: (moment) => begins.find((begin) => begin > moment),
  };
}

function summary(values: readonly number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1), n: sorted.length };
}
