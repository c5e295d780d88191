import { defineCommand } from "../../define-command.ts";
import { localTime, size, table } from "../../render.ts";

export const appDisk = defineCommand({
  path: ["app", "disk"],
  category: "Apps",
  summary: "What an app takes of the disk",
  about: ["Measured at most an hour ago; `--fresh` measures now, which takes a while where there are many files."],
  examples: ["hop3 app disk --app blog", "hop3 app disk --fresh --json"],
  positionals: [],
  flags: [{ name: "fresh", summary: "Measure now" }],
  seeAlso: ["system info", "release list"],
  async run(context) {
    const { name } = await context.app();
    const fresh = context.has("fresh") ? ("true" as const) : ("false" as const);
    const found = await (await context.api()).call("appDisk", { params: { app: name }, query: { fresh } });
    const rows = [...found.parts, { name: "all", bytes: found.bytes, files: null }].map((part) => [
      part.name,
      size(part.bytes),
      `${part.files ?? ""}`,
    ]);
    const notes = [
      ...(found.unreadable === 0 ? [] : [`${found.unreadable} folders could not be looked into.`]),
      `Measured ${localTime(found.measuredAt)}.`,
    ];
    return { data: found, text: `${table(["PART", "SIZE", "FILES"], rows)}\n\n${notes.join("\n")}` };
  },
});
