import { defineCommand } from "../../define-command.ts";
import { requireServerHost } from "../../server-host.ts";

export const serverStart = defineCommand({
  path: ["server", "start"],
  category: "Server",
  summary: "Serve on this host in system mode, in the foreground",
  about: [
    "For hosts without systemd, and to try system mode out: `hop3 server install` makes the users that it needs, and where there is systemd starts it as a service. Needs root. Settings are read from /etc/hop3/server.env.",
    "Ctrl-C stops all apps; the next start brings them back.",
  ],
  examples: ["sudo hop3 server start"],
  positionals: [],
  flags: [],
  seeAlso: ["system info"],
  async run({ terminal }) {
    const host = requireServerHost(terminal.serverHost);
    return { exit: await host.start((line) => void terminal.stdout.write(`${line}\n`)) };
  },
});
