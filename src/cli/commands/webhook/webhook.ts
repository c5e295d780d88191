/** `hop3 webhook`: forges that may have an app deployed. */
import type { WebhookView } from "#core/api/sources.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand, type Outcome } from "../../define-command.ts";
import { facts, localTime, table } from "../../render.ts";

const name = { name: "name", summary: "Its name", required: true } as const;

export const webhookCreate = defineCommand({
  path: ["webhook", "create"],
  category: "Settings",
  summary: "Make an address that a forge tells of pushes, and the app is deployed",
  about: [
    "The app is fetched from its source (`hop3 git source set`) and deployed when its branch was pushed to; what else comes is ignored. GitHub, Gitea, Forgejo and Gogs sign with the secret, GitLab shows it; it is told this once.",
  ],
  examples: ["hop3 webhook create github --app blog", "hop3 webhook create staging --branch next"],
  positionals: [{ ...name, summary: "A name for it, such as github" }],
  flags: [{ name: "branch", value: "NAME", summary: "The branch that deploys; that of the app's source unless said" }],
  guarded: true,
  seeAlso: ["git source set", "webhook list", "webhook rotate"],
  async run(context) {
    const app = (await context.app()).name;
    const branch = context.flag("branch");
    const client = await context.api();
    const body = { name: context.arg("name") ?? "", ...(branch === undefined ? {} : { branch }) };
    return told(client.server.url, await client.call("createWebhook", { params: { app }, body }), "made");
  },
});

export const webhookList = defineCommand({
  path: ["webhook", "list"],
  aliases: [["webhook"]],
  category: "Settings",
  summary: "The app's webhooks, and what came last",
  examples: ["hop3 webhook list --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["webhook create"],
  async run(context) {
    const app = (await context.app()).name;
    const client = await context.api();
    const found = await client.call("listWebhooks", { params: { app } });
    const rows = found.webhooks.map((one) => [
      one.name,
      one.branch ?? "of the source",
      one.createdBy,
      localTime(one.lastAt),
      one.lastOutcome ?? "nothing came yet",
    ]);
    const text =
      rows.length === 0 ? `${app} has no webhooks.` : table(["NAME", "BRANCH", "BY", "LAST", "OUTCOME"], rows);
    return { data: found, text };
  },
});

export const webhookRotate = defineCommand({
  path: ["webhook", "rotate"],
  category: "Settings",
  summary: "Give a webhook another secret; the old one opens nothing from then on",
  examples: ["hop3 webhook rotate github --app blog"],
  positionals: [name],
  flags: [],
  guarded: true,
  seeAlso: ["webhook create"],
  async run(context) {
    const app = (await context.app()).name;
    const client = await context.api();
    const params = { app, webhook: context.arg("name") ?? "" };
    return told(client.server.url, await client.call("rotateWebhook", { params }), "given another secret");
  },
});

export const webhookRemove = defineCommand({
  path: ["webhook", "remove"],
  category: "Settings",
  summary: "Remove a webhook",
  examples: ["hop3 webhook remove github --app blog"],
  positionals: [name],
  flags: [],
  guarded: true,
  seeAlso: ["webhook list"],
  run: (context) => remove(context),
});

async function remove(context: CommandContext): Promise<Outcome> {
  const app = (await context.app()).name;
  const client = await context.api();
  const webhook = context.arg("name") ?? "";
  const gone = await client.call("removeWebhook", { params: { app, webhook } });
  return { data: gone, summary: `[${client.server.name} / ${app}] removed the webhook ${webhook}.` };
}

function told(
  server: string,
  made: { readonly app: string; readonly webhook: WebhookView; readonly secret: string },
  what: string,
): Outcome {
  const url = `${server.replace(/\/$/, "")}${made.webhook.path}`;
  return {
    data: { ...made, url },
    text: facts([
      ["url", url],
      ["secret", made.secret],
      ["type", "application/json, push events"],
    ]),
    summary: `[${made.app}] the webhook ${made.webhook.name} was ${what}. Its secret is not shown again.`,
  };
}
