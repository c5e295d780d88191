import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";

export const keyList = defineCommand({
  path: ["key", "list"],
  aliases: [["keys"]],
  category: "Tool",
  summary: "Your SSH keys on the server",
  examples: ["hop3 key list", "hop3 keys --json"],
  positionals: [],
  flags: [],
  seeAlso: ["key add", "key remove"],
  async run(context) {
    const client = await context.api();
    const found = await client.call("listKeys", {});
    const rows = found.keys.map(({ name, key, fingerprint, lastUsedAt }) => {
      return [name, key.split(" ")[0] ?? "", fingerprint, lastUsedAt === null ? "never used" : localTime(lastUsedAt)];
    });
    return {
      data: found,
      text: rows.length === 0 ? "No keys. Add one: hop3 key add" : table(["NAME", "TYPE", "FINGERPRINT", "USED"], rows),
    };
  },
});
