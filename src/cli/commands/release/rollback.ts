import type { CommandContext } from "../../context.ts";
import { defineCommand, type Outcome } from "../../define-command.ts";
import { followDeploy } from "../../follow-deploy.ts";
import { parseRelease } from "./release-number.ts";

const kept =
  "Its build, processes and variables come back. Data and domains stay as they are, and no release command is run.";

export const rollback = defineCommand({
  path: ["rollback"],
  aliases: [["release", "rollback"]],
  category: "Daily",
  summary: "Bring the release before back, or another older one",
  about: [
    kept,
    "Nothing is built; what serves goes on until the old release answers. Again, it goes one further back.",
  ],
  examples: ["hop3 rollback --app blog", "hop3 rollback 12"],
  positionals: [
    {
      name: "release",
      summary: "Its number; the one that served before unless named",
      required: false,
      complete: "release",
    },
  ],
  flags: [],
  guarded: true,
  seeAlso: ["release list", "release diff"],
  run: (context) => bringBack(context, context.arg("release")),
});

export const releasePromote = defineCommand({
  path: ["release", "promote"],
  category: "Releases",
  summary: "Bring a release of the list back, whichever",
  about: [kept],
  examples: ["hop3 release promote 12 --app blog"],
  positionals: [{ name: "release", summary: "Its number", required: true, complete: "release" }],
  flags: [],
  guarded: true,
  seeAlso: ["release list", "rollback"],
  run: (context) => bringBack(context, context.arg("release")),
});

async function bringBack(context: CommandContext, word: string | undefined): Promise<Outcome> {
  const release = word === undefined ? undefined : parseRelease(word);
  const { name } = await context.app();
  const client = await context.api();
  const begun = await client.call("rollback", {
    params: { app: name },
    body: release === undefined ? {} : { release },
  });
  context.progress.line(`Bringing release ${begun.restores} of ${name} back`);
  const done = await followDeploy(context, client, name, begun.deploy);
  return {
    data: { ...begun, release: done.release, url: done.url },
    ...(done.url === null ? {} : { text: done.url }),
    summary: `[${client.server.name} / ${name}] release ${begun.restores} is back, as release ${done.release}.`,
  };
}
