/** What each run took of the processors between two looks. Pure. */
import type { InstanceList } from "#core/api/instances.ts";

export type Instance = InstanceList["instances"][number];

/** Percent of one processor; undefined where two looks have not seen it yet. */
export type Shares = {
  readonly ofInstance: (one: Instance) => number | undefined;
  readonly ofService: (name: string) => number | undefined;
};

export function sharesOf(before: InstanceList | undefined, now: InstanceList): Shares {
  const seconds = before === undefined ? 0 : now.at - before.at;
  const past = new Map<string, number>();
  for (const one of before?.instances ?? []) if (one.usage !== null) past.set(keyOf(one), one.usage.cpuSeconds);
  const services = new Map((before?.services ?? []).map(({ name, usage }) => [name as string, usage?.cpuSeconds]));
  const share = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined || seconds <= 0 ? undefined : Math.max(0, ((to - from) / seconds) * 100);
  return {
    ofInstance: (one) => share(past.get(keyOf(one)), one.usage?.cpuSeconds),
    ofService: (name) => share(services.get(name), now.services.find((one) => one.name === name)?.usage?.cpuSeconds),
  };
}

/** One run: another process in its place begins anew. */
function keyOf({ app, name, release, pid }: Instance): string {
  return `${app} ${name} ${release} ${pid}`;
}
