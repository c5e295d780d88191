import { defineCommand } from "../../define-command.ts";

export const userDisable = defineCommand({
  path: ["user", "disable"],
  category: "People",
  summary: "Keep a user out at once: its sessions end, its tokens and keys wait",
  examples: ["hop3 user disable grace"],
  positionals: [{ name: "name", summary: "The user", required: true }],
  flags: [],
  seeAlso: ["user enable", "user remove"],
  async run(context) {
    const user = context.arg("name") ?? "";
    const client = await context.api();
    const disabled = await client.call("disableUser", { params: { user } });
    return { data: disabled, summary: `[${client.server.name}] disabled ${user}.` };
  },
});

export const userEnable = defineCommand({
  path: ["user", "enable"],
  category: "People",
  summary: "Let a disabled user in again",
  examples: ["hop3 user enable grace"],
  positionals: [{ name: "name", summary: "The user", required: true }],
  flags: [],
  seeAlso: ["user disable"],
  async run(context) {
    const user = context.arg("name") ?? "";
    const client = await context.api();
    const enabled = await client.call("enableUser", { params: { user } });
    return { data: enabled, summary: `[${client.server.name}] enabled ${user}.` };
  },
});
