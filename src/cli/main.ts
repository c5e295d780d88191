/**
 * The CLI: a line in, an exit status out. It talks to a server over HTTP and knows nothing of what is behind it.
 * stdout is data, stderr is progress, questions and what went wrong; `--json` makes stdout one document.
 */
import { resolve } from "node:path";
import { AppError, errorTable, toAppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import { makeContext, type Known, type Made } from "./command-context.ts";
import type { Command, Outcome } from "./define-command.ts";
import { commandHelp, groupHelp } from "./help.ts";
import { understandLine } from "./understand-line.ts";
import { nearestAppPatience, withNearestApp } from "./nearest-app.ts";
import { page } from "./pager.ts";
import { MissingArgument, type ParsedLine } from "./parse.ts";
import { quickCommand } from "./quick-commands.ts";
import { type Meta, errorEnvelope, errorText, okEnvelope } from "./render.ts";
import { createResolver } from "./resolve/resolver.ts";
import type { Terminal } from "./terminal.ts";
import { writeOut } from "./write-out.ts";

/** Never rejects; the exit status is that of the error table. */
export async function runCli(line: readonly string[], terminal: Terminal): Promise<number> {
  const known: Known = { server: null, context: null, app: null, client: undefined };
  // Before the line is understood, an error must already be said in the form that was asked for.
  let json = line.includes("--json");
  let verbose = 0;
  let failureExit: number | undefined;
  let stop = () => {};
  const stamped = (): Meta => {
    const { server, context, app } = known;
    return { server, context, app, timestamp: new Date().toISOString() };
  };
  try {
    const quick = await quickCommand(line);
    const commands = quick === undefined ? (await import("./command-list.ts")).commands : [quick];
    const parsed = await understandLine(commands, line, terminal);
    json = parsed.flags["json"] === true;
    verbose = Number(parsed.flags["verbose"] ?? 0);
    const { command } = parsed;
    const show = async (text: string) => {
      if (parsed.flags["no-input"] !== true) await page(terminal, text);
      else await writeOut(terminal, text);
    };
    if (command === undefined || parsed.flags["help"] === true) {
      const text =
        command === undefined ? groupHelp(parsed.words, commands, await activeHere(terminal)) : commandHelp(command);
      if (json) await writeOut(terminal, okEnvelope({ help: text }, undefined, stamped()));
      else await show(text);
      return 0;
    }
    failureExit = command.failureExit;
    const made = makeContext(parsed, command, terminal, known);
    const { context } = made;
    verbose = context.verbose;
    stop = context.progress.stop;
    if (parsed.flags["why"] === true) return await sayWhy(parsed, command, made, stamped);
    const outcome = await command.run(context);
    stop();
    await showOutcome(outcome, json, stamped, show, terminal);
    if (!json && !context.quiet && outcome.summary !== undefined)
      terminal.stderr.write(`${printable(outcome.summary)}\n`);
    return outcome.exit ?? 0;
  } catch (thrown) {
    stop();
    let error =
      terminal.signal.aborted && !(thrown instanceof AppError)
        ? new AppError("CANCELED", "Interrupted.", { cause: thrown })
        : toAppError(thrown);
    if (error.code === "APP_NOT_FOUND" && known.client !== undefined && known.app !== null) {
      const until = AbortSignal.any([terminal.signal, AbortSignal.timeout(nearestAppPatience)]);
      error = await withNearestApp(error, known.client(until), known.app);
    }
    if (json) await writeOut(terminal, errorEnvelope(error, stamped()));
    else {
      terminal.stderr.write(`${errorText(localWords(error), verbose)}\n`);
      // Who left out what a command needs is shown what it takes.
      if (thrown instanceof MissingArgument) terminal.stderr.write(`\n${commandHelp(thrown.command)}\n`);
    }
    return failureExit ?? errorTable[error.code].exit;
  }
}

async function showOutcome(
  { data, text, summary }: Outcome,
  json: boolean,
  stamped: () => Meta,
  show: (text: string) => Promise<void>,
  terminal: Terminal,
): Promise<void> {
  if (json && data !== undefined) await writeOut(terminal, okEnvelope(data, summary, stamped()));
  if (!json && text !== undefined && text !== "") await show(text);
}

/** `--why`: how server, context and app would be found; nothing is run. */
async function sayWhy(
  { args }: ParsedLine,
  command: Command,
  { context, resolver }: Made,
  stamped: () => Meta,
): Promise<number> {
  const isDeploy = command.path.join(" ") === "deploy";
  const directory = typeof args["dir"] === "string" ? resolve(context.terminal.cwd, args["dir"]) : undefined;
  const why = await resolver.why({
    orDirectory: isDeploy,
    guard: command.guarded === true && !context.force,
    ...(directory === undefined ? {} : { directory }),
  });
  if (context.json) await writeOut(context.terminal, okEnvelope(why.data, undefined, stamped()));
  else context.terminal.stderr.write(`${printable(why.text)}\n`);
  return 0;
}

/** `Here: server prod, app blog.`; undefined where nothing is meant, or a file is broken, which is not what was asked. */
async function activeHere(terminal: Terminal): Promise<string | undefined> {
  try {
    const { data } = await createResolver(() => undefined, terminal).why();
    const said = (["server", "context", "app"] as const).flatMap((subject) => {
      const { value } = data[subject];
      return value === null ? [] : [`${subject} ${value}`];
    });
    return said.length === 0 ? undefined : `Here: ${said.join(", ")}.`;
  } catch {
    return undefined;
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
