import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";
import { endText } from "./run-text.ts";

export const cronList = defineCommand({
  path: ["cron", "list"],
  aliases: [["cron"]],
  category: "Apps",
  summary: "What an app runs by the clock: schedule, next run, how the last one ended",
  examples: ["hop3 cron list --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["cron run", "cron history"],
  async run(context) {
    const { name } = await context.app();
    const found = await (await context.api()).call("listCron", { params: { app: name } });
    const rows = found.jobs.map((job) => [
      job.name,
      job.schedule,
      job.timezone,
      localTime(job.next),
      job.last === null
        ? "-"
        : `${localTime(job.last.endedAt ?? job.last.startedAt ?? job.last.due)} ${endText(job.last)}`,
      job.command,
    ]);
    if (rows.length === 0) context.progress.line(`${name} has no cron job.`);
    return {
      data: found,
      text: rows.length === 0 ? "" : table(["JOB", "SCHEDULE", "ZONE", "NEXT", "LAST", "COMMAND"], rows),
    };
  },
});
