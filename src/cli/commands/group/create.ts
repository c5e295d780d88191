import { roles } from "#core/roles.ts";
import { defineCommand } from "../../define-command.ts";
import { oneOf } from "../../values.ts";

export const groupCreate = defineCommand({
  path: ["group", "create"],
  category: "People",
  summary: "Create a group of users",
  about: ["With --role every member is that, too. `hop3 access grant @NAME ROLE` gives the group a role for one app."],
  examples: ["hop3 group create writers", "hop3 group create watchers --role viewer --claim staff"],
  positionals: [{ name: "name", summary: "Lowercase letters, digits, dots, hyphens, underscores", required: true }],
  flags: [
    { name: "role", value: "ROLE", summary: "What each member is besides its own role" },
    { name: "claim", value: "VALUE", summary: "Who logs in by an identity provider with this group there is a member" },
  ],
  seeAlso: ["group add", "access grant"],
  async run(context) {
    const group = context.arg("name") ?? "";
    const role = context.flag("role");
    const claim = context.flag("claim") ?? null;
    const client = await context.api();
    const body = { group, role: role === undefined ? null : oneOf(role, roles, "a role"), claim };
    const made = await client.call("createGroup", { body });
    return { data: made, summary: `[${client.server.name}] created the group ${group}.` };
  },
});

export const groupDestroy = defineCommand({
  path: ["group", "destroy"],
  category: "People",
  summary: "Remove a group with its rights; its members stay",
  examples: ["hop3 group destroy team --yes"],
  positionals: [{ name: "name", summary: "The group", required: true }],
  flags: [],
  seeAlso: ["group create"],
  async run(context) {
    const group = context.arg("name") ?? "";
    const client = await context.api();
    const { members } = await client.call("showGroup", { params: { group } });
    await context.confirmYes(`The group ${group} (${members.length} members) will be removed, with its rights.`);
    const gone = await client.call("destroyGroup", { params: { group } });
    return { data: gone, summary: `[${client.server.name}] removed the group ${group}.` };
  },
});
