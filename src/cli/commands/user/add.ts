import { roles } from "#core/roles.ts";
import { defineCommand } from "../../define-command.ts";
import { oneOf } from "../../values.ts";
import { oneTimeText } from "./user-text.ts";

export const userAdd = defineCommand({
  path: ["user", "add"],
  category: "People",
  summary: "Add a person, or a service account for a program",
  about: [
    "A person gets a one-time password, printed once on stdout. With it the first login asks for another one, and nothing else can be done with it. It is good for 7 days.",
    "A service account has no password: `hop3 token create --user` makes tokens for it.",
    "Roles: admin does everything, developer changes all apps, viewer looks at them, auditor sees who did what, member may what `hop3 access grant` gives.",
  ],
  examples: [
    "hop3 user add grace --role developer",
    "hop3 user add grace",
    "hop3 user add ci --service --role developer",
  ],
  positionals: [{ name: "name", summary: "Lowercase letters, digits, dots, hyphens, underscores", required: true }],
  flags: [
    { name: "role", value: "ROLE", summary: "admin, developer, viewer, auditor or member (which is the default)" },
    { name: "email", value: "ADDRESS", summary: "By which an identity provider may know the person" },
    { name: "service", summary: "An account for a program" },
  ],
  seeAlso: ["user set-role", "access grant", "token create"],
  async run(context) {
    const user = context.arg("name") ?? "";
    const role = oneOf(context.flag("role") ?? "member", roles, "a role");
    const email = context.flag("email");
    const kind = context.has("service") ? "service" : "person";
    const client = await context.api();
    const body = { user, role, kind, ...(email === undefined ? {} : { email }) } as const;
    const added = await client.call("addUser", { body });
    const text = added.oneTime === null ? "" : oneTimeText(added.oneTime);
    return { data: added, text, summary: `[${client.server.name}] added ${user} (${role}).` };
  },
});
