/** What a release, or a build, may take: what its record asks for, under the server's ceilings, by what the host can enforce. */
import {
  aboveCeiling,
  limitKinds,
  limitsOf,
  notEnforced,
  type AppLimits,
  type ProcessLimits,
  type Unenforced,
  type WholeLimits,
} from "#core/app-limits.ts";
import type { CgroupLimits } from "./cgroup/versions.ts";
import { Refusal } from "./refusal.ts";

/** What the server gives at most, and which kinds of limits it cannot enforce. */
export type ServerLimits = { readonly ceiling: WholeLimits; readonly unenforced: Unenforced };

export type Allowance = {
  /** Of all that runs of the release, or of the build, together. */
  readonly whole: WholeLimits;
  /** Of each instance of this process type, beside that. */
  of(type: string): ProcessLimits;
};

/** Throws a Refusal for what is above a ceiling, and for what is asked for and cannot be enforced, unless the app bears that. */
export function allowanceOf(limits: AppLimits, { ceiling, unenforced }: ServerLimits): Allowance {
  const [wrong] = [
    ...aboveCeiling(limits, ceiling),
    ...(limits.bestEffort === true ? [] : notEnforced(limits, unenforced)),
  ];
  if (wrong !== undefined) throw new Refusal("invalid", wrong);
  return {
    whole: enforced({ ...ceiling, ...limits.app }, unenforced),
    of: (type) => enforced(limitsOf(limits, type), unenforced),
  };
}

export function cgroupLimits({ memory, cpu, processes }: ProcessLimits): CgroupLimits {
  return { memory: memory ?? null, cpu: cpu ?? null, processes: processes ?? null };
}

function enforced(limits: WholeLimits, unenforced: Unenforced): WholeLimits {
  const kept = limitKinds.filter(({ name }) => limits[name] !== undefined && unenforced[name] === undefined);
  return Object.fromEntries(kept.map(({ name }) => [name, limits[name]]));
}
