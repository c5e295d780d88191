import type { CronRunView } from "#core/api/cron.ts";

/** How a run is, in a word or two. */
export function endText({ outcome, exit, times }: CronRunView): string {
  if (outcome === "failed" && exit !== null) return `failed (exit ${exit})`;
  return times > 1 ? `${outcome} x${times}` : outcome;
}
