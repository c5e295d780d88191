import { roles, type Role } from "#core/roles.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand, type Outcome } from "../../define-command.ts";
import { oneOf } from "../../values.ts";

const name = { name: "name", summary: "The user", required: true };

export const userSetRole = defineCommand({
  path: ["user", "set-role"],
  category: "People",
  summary: "Change what a user may do",
  about: ["The last admin stays one."],
  examples: ["hop3 user set-role grace viewer"],
  positionals: [name, { name: "role", summary: "What the user becomes", required: true, values: roles }],
  flags: [],
  seeAlso: ["user add", "access grant"],
  run: (context) => setRole(context, oneOf(context.arg("role") ?? "", roles, "a role")),
});

export const userGrantAdmin = defineCommand({
  path: ["user", "grant-admin"],
  category: "People",
  summary: "Make a user an admin",
  examples: ["hop3 user grant-admin grace"],
  positionals: [name],
  flags: [],
  seeAlso: ["user set-role"],
  run: (context) => setRole(context, "admin"),
});

export const userRevokeAdmin = defineCommand({
  path: ["user", "revoke-admin"],
  category: "People",
  summary: "Make an admin a developer",
  examples: ["hop3 user revoke-admin grace"],
  positionals: [name],
  flags: [],
  seeAlso: ["user set-role"],
  run: (context) => setRole(context, "developer"),
});

async function setRole(context: CommandContext, role: Role): Promise<Outcome> {
  const user = context.arg("name") ?? "";
  const client = await context.api();
  const changed = await client.call("setRole", { params: { user }, body: { role } });
  return { data: changed, summary: `[${client.server.name}] ${user} is now ${role}.` };
}
