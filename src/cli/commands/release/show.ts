import { volumeText } from "#core/volume.ts";
import { defineCommand } from "../../define-command.ts";
import { facts, localTime } from "../../render.ts";
import { releaseNumber } from "./release-number.ts";

export const releaseShow = defineCommand({
  path: ["release", "show"],
  category: "Releases",
  summary: "What a release runs and carries; the one that serves unless named",
  examples: ["hop3 release show --app blog", "hop3 release show 12"],
  positionals: [{ name: "release", summary: "Its number", required: false, complete: "release" }],
  flags: [],
  seeAlso: ["release list", "release diff"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const release = await releaseNumber(client, name, context.arg("release"));
    const found = await client.call("showRelease", { params: { app: name, release: String(release) } });
    const text = facts([
      ["release", found.release],
      ["what", found.summary],
      ["live", found.live ? "yes" : "no"],
      ["can be brought back", found.restorable ? "yes" : "no: its build is not kept any more"],
      ["brought back", found.restores === null ? null : `release ${found.restores}`],
      ["build", found.build],
      ["made", `${localTime(found.createdAt)} by ${found.createdBy}`],
      ...found.processes.map(({ type, command }) => [type, command] as const),
      ...found.cron.map((job) => [`cron.${job.name}`, `${job.schedule} (${job.timezone}): ${job.command}`] as const),
      ...found.volumes.map((volume) => [`volume ${volume.name}`, volumeText(volume)] as const),
      ["variables", found.variables.join(" ")],
    ]);
    return { data: found, text };
  },
});
