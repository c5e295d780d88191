import { defineCommand } from "../../define-command.ts";
import { requireServerHost } from "../../server-host.ts";
import { stepsText } from "./step-text.ts";

export const serverUninstall = defineCommand({
  path: ["server", "uninstall"],
  category: "Server",
  summary: "Remove the Hop3 server from this host",
  about: [
    "Ends all apps and removes services, code, rules and control groups. The data of apps, the records and /etc/hop3 stay, with the users that own them, so that a later `hop3 server install` goes on from there; --purge removes them too, and nothing of Hop3 is left.",
    "The name of this host must be typed, or given with --confirm; --yes skips the question.",
  ],
  examples: [
    "sudo hop3 server uninstall",
    "sudo hop3 server uninstall --purge --yes",
    "hop3 server uninstall --dry-run",
  ],
  positionals: [],
  flags: [
    { name: "purge", summary: "Remove the data of all apps, the records, the settings and the users, too" },
    { name: "dry-run", summary: "Show what would be done, and do nothing" },
  ],
  seeAlso: ["server install"],
  async run(context) {
    const dryRun = context.has("dry-run");
    const purge = context.has("purge");
    const host = requireServerHost(context.terminal.serverHost);
    const say = (line: string) => context.progress.step(line);
    const { steps, notes } = await host.uninstall({ purge, dryRun, confirm: context.confirmByName, say });
    const text = dryRun && steps.length > 0 ? stepsText(steps) : notes.join("\n");
    const done = steps.length === 0 ? "Hop3 is not installed here" : dryRun ? "Nothing was done" : "Removed";
    return { data: { purge, dryRun, steps, notes }, text, summary: `${done}.` };
  },
});
