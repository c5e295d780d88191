import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";
import { gitRemotes } from "../../resolve/git-remotes.ts";
import { here } from "./project-contexts.ts";

export const contextList = defineCommand({
  path: ["context", "list"],
  aliases: [["contexts"]],
  category: "Settings",
  summary: "The places that this project is deployed to",
  about: [
    "They stand in hop3.toml as `[contexts.NAME]`; a git remote `hop3-NAME` is one, too. Two that lead to the same app of the same server are pointed out.",
  ],
  examples: ["hop3 context list", "hop3 contexts --json"],
  positionals: [],
  flags: [],
  seeAlso: ["context use", "context show"],
  async run(context) {
    const { project } = await here(context);
    const current = (await context.currentContext())?.name;
    const listed = [...(project?.contexts ?? [])].map(([name, one]) => ({
      context: name,
      server: one.server ?? null,
      app: one.app ?? project?.id ?? null,
      protected: one.isProtected,
      current: name === current,
      source: project?.file ?? null,
    }));
    for (const { context: name, host, app, remote } of gitRemotes(context.terminal.cwd)) {
      if (name === undefined || listed.some((one) => one.context === name)) continue;
      const source = `git remote ${remote}`;
      listed.push({ context: name, server: host, app, protected: false, current: name === current, source });
    }
    const places = Map.groupBy(listed, ({ server, app }) => `${server}/${app}`);
    for (const [place, same] of places) {
      if (same.length < 2) continue;
      context.progress.line(`warning: ${same.map((one) => one.context).join(" and ")} are the same place (${place}).`);
    }
    const rows = listed.map((one) => [
      one.current ? "*" : "",
      one.context,
      one.server ?? "-",
      one.app ?? "-",
      one.protected ? "yes" : "",
    ]);
    if (listed.length === 0) context.progress.line("No contexts: this project has one place to run.");
    return {
      data: { contexts: listed },
      text: listed.length === 0 ? "" : table(["", "CONTEXT", "SERVER", "APP", "PROTECTED"], rows),
    };
  },
});
