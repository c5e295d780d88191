import { defineCommand } from "../../define-command.ts";
import { requireServerHost } from "../../server-host.ts";
import { stepsText } from "./step-text.ts";

export const serverInstall = defineCommand({
  path: ["server", "install"],
  category: "Server",
  summary: "Install Hop3 on this host as a server, or upgrade it",
  about: [
    "For Debian and Ubuntu, as root: packages, users, code below /usr/lib/hop3, settings in /etc/hop3, two systemd units, `hop3` on PATH, and a token for who has called sudo. Port 80 is Caddy's. Without systemd all else is done, and `hop3 server start` serves in the foreground.",
    "A second run changes nothing; one that was cut off is finished by the next. From a newer checkout it is an upgrade: apps go on serving while it happens.",
  ],
  examples: [
    "sudo hop3 server install",
    "sudo hop3 server install --domain apps.example.org",
    "hop3 server install --dry-run --json",
  ],
  positionals: [],
  flags: [
    {
      name: "domain",
      value: "NAME",
      summary: "Apps answer at APP.NAME; later it is HOP3_DOMAIN in /etc/hop3/server.env",
    },
    { name: "dry-run", summary: "Show what would be done, and do nothing" },
  ],
  seeAlso: ["server start", "server uninstall"],
  async run(context) {
    const { terminal, progress, signal } = context;
    const dryRun = context.has("dry-run");
    const host = requireServerHost(terminal.serverHost);
    const say = (line: string) => progress.step(line);
    const { version, steps, notes } = await host.install({ domain: context.flag("domain"), dryRun, say, signal });
    const isNothing = steps.length === 0;
    const text = dryRun && !isNothing ? stepsText(steps) : notes.join("\n");
    const done = isNothing ? "nothing to do" : dryRun ? "nothing was done" : "installed";
    return { data: { version, dryRun, steps, notes }, text, summary: `[${version}] ${done}.` };
  },
});
