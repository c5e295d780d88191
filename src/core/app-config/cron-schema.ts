/** `[[cron]]` of hop3.toml, key by key. */
import { z } from "zod";
import { isTimeZone, parseCronSchedule } from "../cron-schedule.ts";
import { cronJobsMax, cronTimeoutMax, cronTimeoutStandard } from "../limits.ts";
import { isProcessType } from "../names.ts";
import { cronOverlaps } from "../records.ts";
import { key } from "./schema-key.ts";
import { command, seconds } from "./schema-values.ts";

const schedule = z.string("must be a schedule").superRefine((text, context) => {
  const parsed = parseCronSchedule(text);
  if (typeof parsed === "string") context.addIssue({ code: "custom", message: parsed });
});

const job = z.strictObject({
  name: key(
    z
      .string("must be a name")
      .refine(isProcessType, "is not a name: lowercase letters, digits, - and _, at most 32, a letter first"),
    "The job's name. Its process, in logs and in `PROC_TYPE`, is `cron.NAME`.",
  ),
  schedule: key(
    schedule,
    "Five fields: minute, hour, day of the month, month, day of the week; each `*`, a number, a name (`MON`, `JAN`), a range (`1-5`), a step (`*/10`, `8-18/2`) or a list of these. Or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. When neither day field begins with `*`, either is enough.",
    { shown: "schedule" },
  ),
  command: key(command, "What is run, in the app's folder and with its environment.", { shown: "command" }),
  timezone: key(
    z
      .string("must be a time zone")
      .refine(isTimeZone, "is not a time zone such as Europe/Berlin, or not known to this server")
      .optional(),
    "Whose clocks the schedule means, for example `Europe/Berlin`.",
    { standard: "`UTC`" },
  ),
  overlap: key(
    z.enum(cronOverlaps, "must be forbid, allow or replace").optional(),
    "When a run is due and the one before has not ended: `forbid` skips it, `allow` begins it beside (four at most), `replace` ends the old one first.",
    { standard: "`forbid`" },
  ),
  timeout: key(
    seconds(cronTimeoutMax).optional(),
    `Seconds that a run may take before it gets TERM, and ten seconds later KILL, with all that it has started; at most ${cronTimeoutMax}.`,
    { standard: String(cronTimeoutStandard) },
  ),
});

export const cron = z
  .array(job, "must be a list of tables: `[[cron]]`")
  .max(cronJobsMax, `has more than ${cronJobsMax} jobs`);
