import { allPages } from "../../all-pages.ts";
import { defineCommand } from "../../define-command.ts";
import { facts, localTime, table } from "../../render.ts";

export const groupList = defineCommand({
  path: ["group", "list"],
  aliases: [["groups"]],
  category: "People",
  summary: "The groups of users",
  examples: ["hop3 group list"],
  positionals: [],
  flags: [],
  seeAlso: ["group create", "access list"],
  async run(context) {
    const client = await context.api();
    const groups = await allPages(async (cursor) => {
      const page = await client.call("listGroups", { query: { cursor } });
      return { items: page.groups, next: page.next };
    });
    const rows = groups.map(({ group, role, claim, members }) => [
      group,
      role ?? "-",
      claim ?? "-",
      members.join(" ") || "-",
    ]);
    if (rows.length === 0) context.progress.line("No groups.");
    return { data: { groups }, text: rows.length === 0 ? "" : table(["NAME", "ROLE", "CLAIM", "MEMBERS"], rows) };
  },
});

export const groupShow = defineCommand({
  path: ["group", "show"],
  category: "People",
  summary: "A group and who is in it",
  examples: ["hop3 group show team"],
  positionals: [{ name: "name", summary: "The group", required: true }],
  flags: [],
  seeAlso: ["group list"],
  async run(context) {
    const group = await (await context.api()).call("showGroup", { params: { group: context.arg("name") ?? "" } });
    const text = facts([
      ["group", group.group],
      ["role", group.role],
      ["claim", group.claim],
      ["members", group.members.join(", ") || "-"],
      ["since", localTime(group.createdAt)],
    ]);
    return { data: group, text };
  },
});
