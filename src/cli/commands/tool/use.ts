import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseAppName } from "#core/names.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { saveServer, serversFile } from "../../context-file.ts";
import { defineCommand } from "../../define-command.ts";
import { readProject, stickyApp } from "../../resolve/project.ts";

export const use = defineCommand({
  path: ["use"],
  category: "Settings",
  summary: "Choose the app for this directory, or say which one is meant",
  about: [
    "It is kept in `.hop3-app` beside hop3.toml, else in the current directory, and holds for all below. With --global it is the default app of the server: meant wherever nothing else names one, but never for a deploy.",
  ],
  examples: ["hop3 use blog", "hop3 use", "hop3 use blog --global", "hop3 use --clear"],
  positionals: [{ name: "app", summary: "Its name", required: false, complete: "app" }],
  flags: [
    { name: "global", summary: "As the default app of the server" },
    { name: "clear", summary: "Forget the choice" },
  ],
  seeAlso: ["context show", "apps"],
  async run(context) {
    const { terminal } = context;
    const word = context.arg("app");
    if (word === undefined && !context.has("clear")) {
      const { name, source } = await context.app();
      return { data: { app: name, source }, text: `${name} (${source})` };
    }
    const app = word === undefined ? undefined : parseAppName(word);
    const said = app === undefined ? "No app is chosen any more" : `[${app}] is the app from here on`;
    if (context.has("global")) {
      const server = (await context.server()).name;
      await saveServer(serversFile(terminal.env, terminal.home), server, { defaultApp: app ?? null });
      return { data: { app: app ?? null, server }, summary: `${said} (default app of ${server}).` };
    }
    const project = await readProject(terminal.cwd);
    const path = join(project?.directory ?? terminal.cwd, ".hop3-app");
    if (app === undefined) {
      const chosen = stickyApp(terminal.cwd)?.path ?? path;
      rmSync(chosen, { force: true });
      return { data: { app: null, file: chosen }, summary: `${said} (${chosen}).` };
    }
    writeFileAtomic(path, `${app}\n`, 0o644);
    return { data: { app, file: path }, summary: `${said} (${path}).` };
  },
});
