import { sessionTimeoutMax } from "#core/limits.ts";
import { sessionProtocol } from "#core/session-frames.ts";
import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { sizeOf, talk } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";
import { assignments, wholeNumber } from "../../values.ts";

/** What `hop3 run` alone opens: the better shell, if there is one. */
const shell = "command -v bash >/dev/null && exec bash; exec /bin/sh";

export const appRun = defineCommand({
  path: ["app", "run"],
  aliases: [["run"]],
  category: "Daily",
  summary: "Run a one-off command in the live release, or open a shell there",
  about: [
    "The command runs in the release's folder with its environment, beside the app's processes; also when the app is stopped. It has `PROC_TYPE=run.N` and no port. A single word is a line for `/bin/sh -c`, several are a program and its arguments. Without any, a shell opens.",
    "When stdin and stdout are a terminal, so is what the command sees: keys, Ctrl-C and the window's size go there. Otherwise it has pipes: any bytes, stdout and stderr apart; the first Ctrl-C is passed on, the second leaves.",
    "It exits with the command's status, 128+n when that ended by signal n, and 254 when it failed itself. When you leave or the connection breaks, the command and all it has started are ended.",
  ],
  examples: [
    "hop3 run -- python3 manage.py migrate",
    "hop3 run 'python3 manage.py seed && echo done' --app blog",
    "hop3 run --app blog",
    "hop3 run -e DEPTH=2 -- ./report.sh > report.csv",
    "hop3 run -- python3 manage.py load < dump.json",
  ],
  positionals: [
    {
      name: "command",
      summary: "The command, after `--` when words of it begin with a dash",
      required: false,
      many: true,
    },
  ],
  flags: [
    { name: "env", short: "e", value: "NAME=VALUE", summary: "A variable for this command", repeat: true },
    { name: "tty", short: "t", summary: "Give it a terminal although stdin or stdout is none" },
    { name: "no-tty", short: "T", summary: "Give it pipes although stdin and stdout are a terminal" },
    { name: "timeout", value: "SECONDS", summary: "End it after this time; a day unless given" },
  ],
  guarded: true,
  seeAlso: ["app logs", "ps"],
  failureExit: 254,
  async run(context) {
    const { terminal } = context;
    if (context.json) throw new AppError("USAGE", "`hop3 run` writes what its command says, and has no --json.");
    const isTerminal = wantsTerminal(terminal, context.has("tty"), context.has("no-tty"));
    const words = context.args("command");
    if (words.length === 0 && !isTerminal && terminal.stdin.isTTY === true) {
      throw new AppError("USAGE", "A shell needs a terminal or something on stdin.", {
        hint: "For example: hop3 run -- python3 manage.py migrate",
      });
    }
    const limit = context.flag("timeout");
    const body = {
      command: words.length === 0 ? [shell] : [...words],
      env: assignments(context.flags("env")),
      terminal: isTerminal ? { ...sizeOf(terminal.stdout), type: terminalType(terminal) } : null,
      ...(limit === undefined ? {} : { timeout: wholeNumber(limit, "--timeout", 1, sessionTimeoutMax) }),
    };
    const { name: app } = await context.app();
    const client = await context.api();
    const { session } = await client.call("createSession", { params: { app }, body });
    const connection = await client.upgrade("joinSession", { params: { app, session } }, sessionProtocol);
    return { exit: await talk(connection, terminal, isTerminal && terminal.stdin.isTTY === true) };
  },
});

function wantsTerminal({ stdin, stdout }: Terminal, tty: boolean, noTty: boolean): boolean {
  if (tty && noTty) throw new AppError("USAGE", "--tty and --no-tty exclude each other.");
  return tty || (!noTty && stdin.isTTY === true && stdout.isTTY === true);
}

/** The server takes no other form. */
function terminalType({ env }: Terminal): string {
  const type = env["TERM"] ?? "";
  return /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(type) ? type : "xterm";
}
