/**
 * What instances, services and the supervisor itself take, read only when somebody asks, and the same answer for a second.
 * Where an instance has a cgroup that counts, its figures are that one's: complete, with what its ended processes took, and
 * three small files each. The others are found in one pass over /proc, whatever their number.
 */
import type { Marked } from "./proc-tree.ts";
import { descriptorsOf, ownUsage, uptimeOf, usageOfTrees } from "./proc-usage.ts";
import type { Metrics, RunMetrics, Usage } from "./protocol.ts";

export type Sampled = {
  readonly id: string;
  readonly marked: Marked;
  /** Bytes of memory that it may take; null when nobody says. */
  readonly memoryLimit: number | null;
};

export type Sources = {
  readonly instances: () => readonly Sampled[];
  readonly services: () => readonly Sampled[];
  readonly startsWaiting: () => number;
  /** Milliseconds by the clock that nobody sets. */
  readonly elapsed: () => number;
};

const freshMs = 1000;

/** Asks its sources at most once a second. */
export function sampler({ instances, services, startsWaiting, elapsed }: Sources): () => Metrics {
  let last: Metrics | undefined;
  return () => {
    const now = elapsed();
    if (last === undefined || now - last.at * 1000 >= freshMs) {
      const [apps, own] = [instances(), services()];
      const all = sample([...apps, ...own]);
      last = {
        at: now / 1000,
        instances: all.slice(0, apps.length),
        services: all.slice(apps.length),
        supervisor: ownUsage(),
        startsWaiting: startsWaiting(),
      };
    }
    return last;
  };
}

export function sample(runs: readonly Sampled[]): RunMetrics[] {
  const counted = new Map(runs.map((run) => [run, usageOfCgroup(run)]));
  const ofTree = usageOfTrees(runs.filter((run) => counted.get(run) === undefined).map(({ marked }) => marked));
  return runs.map((run) => ({
    id: run.id,
    ...(counted.get(run) ?? ofTree(run.marked)),
    memoryLimitBytes: run.memoryLimit,
    uptimeSeconds: uptimeOf(run.marked.app),
  }));
}

function usageOfCgroup({ marked }: Sampled): Usage | undefined {
  const found = marked.cgroup?.usage();
  if (found === undefined) return undefined;
  return {
    processes: found.pids.length,
    cpuSeconds: found.cpu,
    memoryBytes: found.memory,
    descriptors: descriptorsOf(found.pids),
  };
}
