import type { CronRunView } from "#core/api/cron.ts";
import type { LogLine } from "#core/api/logs.ts";
import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { logText } from "../../show-lines.ts";
import { endText } from "./run-text.ts";

export const cronRun = defineCommand({
  path: ["cron", "run"],
  category: "Apps",
  summary: "Run a cron job now, show what it prints, and end as it ends",
  about: [
    "The exit status is that of the job, and 1 when it did not end by itself. The job goes on when this command is interrupted. Its overlap holds here too: with `forbid` it is refused while a run goes on.",
  ],
  examples: ["hop3 cron run nightly --app blog", "hop3 cron run nightly --detach"],
  positionals: [{ name: "job", summary: "Its name", required: true, complete: "cron" }],
  flags: [{ name: "detach", short: "d", summary: "Do not wait for its end" }],
  guarded: true,
  seeAlso: ["cron history", "cron list"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const job = context.arg("job") ?? "";
    const where = `[${client.server.name} / ${name}]`;
    const lines: LogLine[] = [];
    for await (const event of client.stream("runCron", { params: { app: name, job } })) {
      if (event.event === "started" && context.has("detach")) {
        const { run } = event.data;
        return { data: { app: name, job, run }, summary: `${where} run ${run} of ${job} begins.` };
      }
      if (event.event === "line" && context.json) lines.push(event.data);
      else if (event.event === "line") await context.emit(logText(event.data, context.verbose > 0));
      if (event.event === "done") return ended(event.data, lines, `${where} run ${event.data.run} of ${job}`);
    }
    throw new AppError("UNREACHABLE", "The stream ended before the run did.", {
      hint: `\`hop3 cron history ${job}\` tells how it goes on.`,
    });
  },
});

function ended(run: CronRunView, lines: readonly LogLine[], what: string) {
  const why = run.reason === null ? "" : `: ${run.reason}`;
  const exit = run.exit ?? 1;
  return { data: { run, lines }, summary: `${what} ${endText(run)}${why}.`, ...(exit === 0 ? {} : { exit }) };
}
