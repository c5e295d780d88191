import { defineCommand } from "../../define-command.ts";

export const appDestroy = defineCommand({
  path: ["app", "destroy"],
  aliases: [["destroy"]],
  category: "Apps",
  summary: "Remove an app with its code, data, environment and routes",
  about: [
    "There is no way back. The name must be typed, or given with --confirm; --yes and --force skip the question.",
    "Where nobody can be asked (no terminal, --no-input, --json) it ends with exit status 10.",
  ],
  examples: ["hop3 app destroy --app blog", "hop3 app destroy --app blog --confirm=blog"],
  positionals: [],
  flags: [],
  guarded: true,
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    // A name that does not exist should be said before anybody types it.
    const app = await client.call("showApp", { params: { app: name } });
    await context.confirmByName(name, `${name} (${app.urls[0] ?? app.state}) and all of its data will be removed.`);
    context.progress.step(`Removing ${name}`);
    const gone = await client.call("destroyApp", { params: { app: name }, query: { confirm: name } });
    return { data: gone, summary: `[${client.server.name} / ${name}] destroyed: ${gone.removed.join(", ")}.` };
  },
});
