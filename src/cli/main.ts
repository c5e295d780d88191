/**
 * The CLI: a line in, an exit status out. It talks to a server over HTTP and knows nothing of what is behind it.
 * stdout is data, stderr is progress, questions and what went wrong; `--json` makes stdout one document.
 */
import { AppError, errorTable, toAppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { createClient } from "./client.ts";
import { commands } from "./command-list.ts";
import type { CommandContext } from "./context.ts";
import type { Command } from "./define-command.ts";
import { commandHelp, groupHelp } from "./help.ts";
import { type ParsedLine, parseLine } from "./parse.ts";
import { printable } from "#core/printable.ts";
import { createProgress } from "./progress.ts";
import { ask, canAsk } from "./prompt.ts";
import { type Meta, errorEnvelope, errorText, okEnvelope } from "./render.ts";
import { resolveApp } from "./resolve-app.ts";
import { resolveServer } from "./resolve-server.ts";
import type { Terminal } from "./terminal.ts";

/** Never rejects; the exit status is that of the error table. */
export async function runCli(line: readonly string[], terminal: Terminal): Promise<number> {
  const meta = { server: null as string | null, app: null as string | null };
  // Before the line is understood, an error must already be said in the form that was asked for.
  let json = line.includes("--json");
  let verbose = 0;
  let failureExit: number | undefined;
  let stop = () => {};
  const stamped = (): Meta => ({ ...meta, timestamp: new Date().toISOString() });
  try {
    const parsed = parseLine(commands, line);
    json = parsed.flags["json"] === true;
    verbose = Number(parsed.flags["verbose"] ?? 0);
    const { command } = parsed;
    if (command === undefined || parsed.flags["help"] === true) {
      const text = command === undefined ? groupHelp(parsed.words, commands) : commandHelp(command);
      await write(terminal, json ? okEnvelope({ help: text }, undefined, stamped()) : text);
      return 0;
    }
    failureExit = command.failureExit;
    const context = makeContext(parsed, command, terminal, meta);
    stop = context.progress.stop;
    const outcome = await command.run(context);
    stop();
    if (json && outcome.data !== undefined) await write(terminal, okEnvelope(outcome.data, outcome.summary, stamped()));
    if (!json && outcome.text !== undefined && outcome.text !== "") await write(terminal, outcome.text);
    if (!json && !context.quiet && outcome.summary !== undefined)
      terminal.stderr.write(`${printable(outcome.summary)}\n`);
    return outcome.exit ?? 0;
  } catch (thrown) {
    stop();
    const error =
      terminal.signal.aborted && !(thrown instanceof AppError)
        ? new AppError("CANCELED", "Interrupted.", { cause: thrown })
        : toAppError(thrown);
    if (json) await write(terminal, errorEnvelope(error, stamped()));
    else terminal.stderr.write(`${errorText(localWords(error), verbose)}\n`);
    return failureExit ?? errorTable[error.code].exit;
  }
}

/** The table's hint for INTERNAL points at a server's log; a defect on this side has none. */
function localWords(error: AppError): AppError {
  if (error.code !== "INTERNAL" || error.cause === undefined) return error;
  return new AppError("INTERNAL", "Something unexpected went wrong in the hop3 command.", {
    hint: "`-vv` shows more.",
    cause: error.cause,
  });
}

function makeContext(
  { args, flags }: ParsedLine,
  command: Command,
  terminal: Terminal,
  meta: { server: string | null; app: string | null },
): CommandContext {
  const { env, signal } = terminal;
  const text = (name: string) => {
    const value = flags[name];
    return typeof value === "string" ? value : undefined;
  };
  const json = flags["json"] === true;
  const quiet = flags["quiet"] === true || json;
  const mayAsk = !json && flags["no-input"] !== true && !isOn(env["HOP3_NO_INPUT"]) && canAsk(terminal);
  return {
    terminal,
    signal,
    json,
    quiet,
    verbose: Number(flags["verbose"] ?? 0),
    force: flags["force"] === true,
    mayAsk,
    progress: createProgress({ stderr: terminal.stderr, quiet, noColor: (env["NO_COLOR"] ?? "") !== "" }),
    arg: (name) => {
      const value = args[name];
      return typeof value === "string" ? value : undefined;
    },
    args: (name) => {
      const value = args[name];
      return Array.isArray(value) ? (value as readonly string[]) : [];
    },
    has: (name) => flags[name] !== undefined,
    flag: text,
    flags: (name) => {
      const value = flags[name];
      return Array.isArray(value) ? (value as readonly string[]) : [];
    },
    api: async () => {
      const server = await resolveServer(text("server"), terminal);
      meta.server = server.name;
      return createClient(server, signal, terminal.version);
    },
    app: async ({ directory = terminal.cwd, orDirectory = false } = {}) => {
      const guard = command.guarded === true && flags["force"] !== true;
      const app = await resolveApp({ flag: text("app"), env, directory, orDirectory, guard });
      meta.app = app.name;
      return app;
    },
    confirmByName: async (name, what) => {
      const confirmed = text("confirm");
      if (confirmed === name || flags["yes"] === true || flags["force"] === true) return;
      if (confirmed !== undefined) {
        throw new AppError("CONFIRMATION_NEEDED", `--confirm=${quote(confirmed)} is not the name ${quote(name)}.`);
      }
      const refused = (message: string) =>
        new AppError("CONFIRMATION_NEEDED", message, { hint: `Repeat with --confirm=${name} when you are sure.` });
      if (!mayAsk) throw refused(`${what} Nobody can be asked here.`);
      terminal.stderr.write(`${what}\n`);
      if ((await ask(terminal, `Type the name to go on (${name}): `)).trim() !== name)
        throw refused("Nothing was removed.");
    },
    confirmYes: async (what) => {
      if (flags["yes"] === true || flags["force"] === true || text("confirm") !== undefined) return;
      const refused = (message: string) =>
        new AppError("CONFIRMATION_NEEDED", message, { hint: "Repeat with --yes when you are sure." });
      if (!mayAsk) throw refused(`${what} Nobody can be asked here.`);
      terminal.stderr.write(`${printable(what)}\n`);
      if (!/^y(es)?$/i.test((await ask(terminal, "Go on? [y/N] ")).trim())) throw refused("Nothing was changed.");
    },
    emit: (line) => write(terminal, line),
  };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

/** Resolves when the line is on its way, so that a slow reader slows us down. */
function write({ stdout }: Terminal, text: string): Promise<void> {
  return new Promise((resolve) => {
    stdout.write(text.endsWith("\n") ? text : `${text}\n`, () => resolve());
  });
}
