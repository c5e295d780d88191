import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";

export const systemStatus = defineCommand({
  path: ["system", "status"],
  category: "Server",
  summary: "How the server is: services, walls around apps, ceilings, disk",
  about: [
    "One line a check. What this server cannot enforce is said by name, with what would help. Exit status 1 when a check warns or fails.",
  ],
  examples: ["hop3 system status", "hop3 system status --json"],
  positionals: [],
  flags: [],
  seeAlso: ["system info", "system logs"],
  async run(context) {
    const status = await (await context.api()).call("systemStatus", {});
    const rows = status.checks.map(({ name, state, message }) => [state, name, message]);
    return {
      data: status,
      text: table(["STATE", "CHECK", "SAYS"], rows),
      ...(status.state === "ok" ? {} : { exit: 1 }),
    };
  },
});
