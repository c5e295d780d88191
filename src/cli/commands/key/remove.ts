import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const keyRemove = defineCommand({
  path: ["key", "remove"],
  category: "Tool",
  summary: "Let an SSH key in no more",
  examples: ["hop3 key remove work"],
  positionals: [{ name: "key", summary: "Its name or its fingerprint", required: true }],
  flags: [],
  seeAlso: ["key list"],
  async run(context) {
    const asked = context.arg("key") ?? "";
    const client = await context.api();
    const { keys } = await client.call("listKeys", {});
    const found = keys.find(({ name, fingerprint }) => name === asked || fingerprint === asked);
    if (found === undefined)
      throw new AppError("NOT_FOUND", `You have no key ${quote(asked)} here.`, {
        hint: "`hop3 key list` shows yours.",
      });
    const { fingerprint } = found;
    const removed = await client.call("removeKey", { params: { fingerprint } });
    return { data: removed, summary: `[${client.server.name}] removed the key ${found.name} (${fingerprint}).` };
  },
});
