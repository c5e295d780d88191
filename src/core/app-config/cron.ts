/** The cron jobs of `[[cron]]` and of the Procfile's `cron` lines, which say less, as one list. */
import { AppError } from "../errors.ts";
import { cronJobsMax, cronTimeoutStandard } from "../limits.ts";
import type { CronSpec } from "../records.ts";
import type { CronLine } from "./procfile.ts";
import type { Hop3Toml } from "./schema.ts";

const standard = { timeZone: "UTC", overlap: "forbid", timeout: cronTimeoutStandard } as const;

/** Jobs of the Procfile are called `job-1`, `job-2`, ... in the order of their lines. Throws INVALID_CONFIG. */
export function cronOf({ cron = [] }: Hop3Toml, lines: readonly CronLine[]): readonly CronSpec[] {
  const jobs = [
    ...cron.map(({ name, schedule, command, timezone, overlap, timeout }): CronSpec => ({
      name,
      schedule: oneLine(schedule),
      timeZone: timezone ?? standard.timeZone,
      command,
      overlap: overlap ?? standard.overlap,
      timeout: timeout ?? standard.timeout,
    })),
    ...lines.map(({ schedule, command }, index): CronSpec => ({
      ...standard,
      name: `job-${index + 1}`,
      schedule,
      command,
    })),
  ];
  const names = new Set<string>();
  for (const { name } of jobs) {
    if (names.has(name)) {
      throw new AppError("INVALID_CONFIG", `\`[[cron]]\` names ${name} what is also a \`cron\` line of the Procfile.`, {
        hint: "Rename the job in hop3.toml: those of the Procfile are called job-1, job-2 and so on.",
      });
    }
    names.add(name);
  }
  if (jobs.length <= cronJobsMax) return jobs;
  throw new AppError("INVALID_CONFIG", `The app has ${jobs.length} cron jobs; it may have ${cronJobsMax} at most.`);
}

function oneLine(schedule: string): string {
  return schedule.trim().split(/\s+/).join(" ");
}
