import { defineCommand } from "../../define-command.ts";
import { duration, facts, localTime, table } from "../../render.ts";
import { logText } from "../../show-lines.ts";
import { wholeNumber } from "../../values.ts";
import { endText } from "./run-text.ts";

export const cronHistory = defineCommand({
  path: ["cron", "history"],
  category: "Apps",
  summary: "The runs of a cron job, the newest first; with a run's number, what it has printed",
  examples: ["hop3 cron history nightly --app blog", "hop3 cron history nightly 17"],
  positionals: [
    { name: "job", summary: "Its name", required: true, complete: "cron" },
    { name: "run", summary: "A run's number", required: false },
  ],
  flags: [],
  seeAlso: ["cron list", "app logs"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const params = { app: name, job: context.arg("job") ?? "" };
    const number = context.arg("run");
    if (number !== undefined) {
      const run = String(wholeNumber(number, "a run", 1, 999_999_999));
      const found = await client.call("showCronRun", { params: { ...params, run } });
      const text = facts([
        ["run", `${found.run.run} of ${found.run.job}, release ${found.run.release ?? "-"}, by ${found.run.trigger}`],
        ["due", localTime(found.run.due)],
        ["began", localTime(found.run.startedAt)],
        ["ended", localTime(found.run.endedAt)],
        ["outcome", endText(found.run)],
        ["why", found.run.reason],
      ]);
      const lines = found.lines.map((line) => logText(line, context.verbose > 0));
      return { data: found, text: [text, ...(lines.length === 0 ? [] : ["", ...lines])].join("\n") };
    }
    const found = await client.call("listCronRuns", { params });
    const rows = found.runs.map((run) => [
      String(run.run),
      localTime(run.startedAt ?? run.due),
      run.startedAt === null || run.endedAt === null
        ? "-"
        : duration(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
      run.release === null ? "-" : String(run.release),
      run.trigger,
      endText(run),
      run.reason ?? "",
    ]);
    if (rows.length === 0) context.progress.line(`${params.job} has not run yet.`);
    const head = ["RUN", "BEGAN", "TOOK", "RELEASE", "BY", "OUTCOME", ""];
    return { data: found, text: rows.length === 0 ? "" : table(head, rows) };
  },
});
