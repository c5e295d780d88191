import { appRoles } from "#core/roles.ts";
import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";
import { oneOf } from "../../values.ts";

const subject = { name: "who", summary: "A user, or a group with @ before it", required: true };

export const accessList = defineCommand({
  path: ["access", "list"],
  category: "People",
  summary: "Who has a role for this app beyond that of the server",
  examples: ["hop3 access list --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["access grant", "user list"],
  async run(context) {
    const { name } = await context.app();
    const found = await (await context.api()).call("listAccess", { params: { app: name } });
    const rows = found.access.map((one) => [one.subject, one.role, localTime(one.grantedAt), one.grantedBy]);
    if (rows.length === 0) context.progress.line(`Nobody: ${name} is for those whose role is for all apps.`);
    return { data: found, text: rows.length === 0 ? "" : table(["WHO", "ROLE", "SINCE", "BY"], rows) };
  },
});

export const accessGrant = defineCommand({
  path: ["access", "grant"],
  category: "People",
  summary: "Give a user or a group a role for one app",
  about: ["viewer looks and reads logs, developer also deploys and changes, admin also destroys and grants."],
  examples: ["hop3 access grant grace developer --app blog", "hop3 access grant @team viewer --app blog"],
  positionals: [subject, { name: "role", summary: "For this app", required: true, values: appRoles }],
  flags: [],
  guarded: true,
  seeAlso: ["access revoke", "group create"],
  async run(context) {
    const { name } = await context.app();
    const who = context.arg("who") ?? "";
    const role = oneOf(context.arg("role") ?? "", appRoles, "a role for an app");
    const client = await context.api();
    const done = await client.call("grantAccess", { params: { app: name }, body: { subject: who, role } });
    return { data: done, summary: `[${client.server.name} / ${name}] ${who} is ${role}.` };
  },
});

export const accessRevoke = defineCommand({
  path: ["access", "revoke"],
  category: "People",
  summary: "Take the role for one app from a user or a group",
  examples: ["hop3 access revoke grace --app blog"],
  positionals: [subject],
  flags: [],
  guarded: true,
  seeAlso: ["access list"],
  async run(context) {
    const { name } = await context.app();
    const who = context.arg("who") ?? "";
    const client = await context.api();
    const done = await client.call("revokeAccess", { params: { app: name, subject: who } });
    return { data: done, summary: `[${client.server.name} / ${name}] ${who} has no role of its own any more.` };
  },
});
