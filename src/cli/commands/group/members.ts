import { defineCommand } from "../../define-command.ts";

const positionals = [
  { name: "group", summary: "The group", required: true },
  { name: "user", summary: "The user", required: true },
];

export const groupAdd = defineCommand({
  path: ["group", "add"],
  category: "People",
  summary: "Put a user into a group",
  examples: ["hop3 group add team grace"],
  positionals,
  flags: [],
  seeAlso: ["group remove"],
  async run(context) {
    const params = { group: context.arg("group") ?? "", user: context.arg("user") ?? "" };
    const client = await context.api();
    const group = await client.call("addMember", { params });
    return { data: group, summary: `[${client.server.name}] ${params.user} is in ${params.group}.` };
  },
});

export const groupRemove = defineCommand({
  path: ["group", "remove"],
  category: "People",
  summary: "Take a user out of a group",
  examples: ["hop3 group remove team grace"],
  positionals,
  flags: [],
  seeAlso: ["group add", "group destroy"],
  async run(context) {
    const params = { group: context.arg("group") ?? "", user: context.arg("user") ?? "" };
    const client = await context.api();
    const group = await client.call("removeMember", { params });
    return { data: group, summary: `[${client.server.name}] ${params.user} is not in ${params.group} any more.` };
  },
});
