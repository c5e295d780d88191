import type { ReleaseDiff } from "#core/api/releases.ts";
import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";
import { parseRelease, releaseNumber } from "./release-number.ts";

export const releaseDiff = defineCommand({
  path: ["release", "diff"],
  category: "Releases",
  summary: "What differs between two releases: build, commands, cron jobs, volumes, names of variables",
  about: ["With one number: from that release to the one that serves. Values of variables are never shown."],
  examples: ["hop3 release diff 11 12 --app blog", "hop3 release diff 11"],
  positionals: [
    { name: "from", summary: "A release", required: true, complete: "release" },
    { name: "to", summary: "Another; the one that serves unless named", required: false },
  ],
  flags: [],
  seeAlso: ["release list", "release show"],
  async run(context) {
    const from = parseRelease(context.arg("from") ?? "");
    const { name } = await context.app();
    const client = await context.api();
    const to = await releaseNumber(client, name, context.arg("to"));
    if (from === to)
      throw new AppError("USAGE", `Release ${from} is the same as itself.`, { hint: "Name another one." });
    const diff = await client.call("diffReleases", { params: { app: name, release: String(from), to: String(to) } });
    const rows = diffRows(diff);
    if (rows.length === 0) context.progress.line(`Releases ${from} and ${to} run the same with the same settings.`);
    return { data: diff, text: rows.length === 0 ? "" : table(["WHAT", `RELEASE ${from}`, `RELEASE ${to}`], rows) };
  },
});

function diffRows({ build, processes, cron, volumes, variables }: ReleaseDiff): string[][] {
  return [
    ...(build === null ? [] : [["build", `${build.from}`, `${build.to}`]]),
    ...processes.map(({ type, from, to }) => [`process ${type}`, from ?? "-", to ?? "-"]),
    ...cron.map(({ name, from, to }) => [`cron ${name}`, from ?? "-", to ?? "-"]),
    ...volumes.map(({ name, from, to }) => [`volume ${name}`, from ?? "-", to ?? "-"]),
    ...variables.map(({ name, change }) => [
      `variable ${name}`,
      change === "added" ? "-" : "set",
      change === "removed" ? "-" : change === "changed" ? "another value" : "set",
    ]),
  ];
}
