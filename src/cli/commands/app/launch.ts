import { parseAppName } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const appLaunch = defineCommand({
  path: ["app", "launch"],
  category: "Apps",
  summary: "Make an app that the server fetches from a repository; nothing is deployed yet",
  examples: ["hop3 app launch https://github.com/ada/shop shop"],
  positionals: [
    { name: "url", summary: "The repository's https address", required: true },
    { name: "name", summary: "The app's name", required: true },
  ],
  flags: [{ name: "branch", value: "NAME", summary: "The branch; what the repository's HEAD names unless said" }],
  seeAlso: ["deploy", "git source set", "app create"],
  async run(context) {
    const name = parseAppName(context.arg("name") ?? "");
    const branch = context.flag("branch");
    const client = await context.api();
    const params = { app: name };
    const { created } = await client.call("createApp", { params });
    const body = { url: context.arg("url") ?? "", ...(branch === undefined ? {} : { branch }) };
    const { source } = await client.call("setSource", { params, body });
    return {
      data: { app: name, created, source },
      summary: `[${client.server.name} / ${name}] ${created ? "created; it" : "it"} is fetched from ${source.url}: \`hop3 deploy --pull --app ${name}\` deploys it.`,
    };
  },
});
