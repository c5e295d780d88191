/** Makes what a command's `run` is given, out of a parsed line and the terminal. */
import { createClient } from "./client.ts";
import type { Client } from "./client.ts";
import { wantsColour } from "./colour.ts";
import { confirmByName, confirmProtected, confirmYes, type Answers } from "./confirm.ts";
import type { CommandContext } from "./context.ts";
import type { Command } from "./define-command.ts";
import type { ParsedLine } from "./parse.ts";
import { createProgress } from "./progress.ts";
import { canAsk } from "./prompt.ts";
import { reachOf } from "./reach.ts";
import { createResolver, type Resolver } from "./resolve/resolver.ts";
import type { Terminal } from "./terminal.ts";
import { verbosityOf } from "./verbosity.ts";
import { watchedClient } from "./watched-client.ts";
import { writeOut } from "./write-out.ts";

/** What has been found so far, for the envelope and for the words of an error. */
export type Known = {
  server: string | null;
  context: string | null;
  app: string | null;
  /** To the same server, once there was one, with another end of patience. */
  client: ((signal: AbortSignal) => Client) | undefined;
};

export type Made = { readonly context: CommandContext; readonly resolver: Resolver };

/** Throws USAGE for an HOP3_VERBOSITY that is none. */
export function makeContext(line: ParsedLine, command: Command, terminal: Terminal, known: Known): Made {
  const { args, flags } = line;
  const { env, signal } = terminal;
  const text = (name: string) => {
    const value = flags[name];
    return typeof value === "string" ? value : undefined;
  };
  const isSet = (name: string) => flags[name] === true;
  const json = isSet("json");
  const said = verbosityOf({ quiet: isSet("quiet"), verbose: Number(flags["verbose"] ?? 0) }, env);
  const quiet = said.quiet || json;
  const answers: Answers = {
    terminal,
    mayAsk: !json && !isSet("no-input") && !isOn(env["HOP3_NO_INPUT"]) && canAsk(terminal),
    yes: isSet("yes"),
    force: isSet("force"),
    confirmed: text("confirm"),
  };
  const resolver = createResolver(text, terminal);
  const guard = command.guarded === true && !answers.force;

  const beforeChange = (server: string, isProtected: boolean) => async (app: string | undefined) => {
    const context = await resolver.context();
    if (command.guarded === true && context !== undefined && !context.value.isSticky && !quiet) {
      const name = context.value.name;
      terminal.stderr.write(
        `warning: context ${name} is from ${context.source}; \`hop3 context use ${name}\` would have chosen it.\n`,
      );
    }
    if (!isProtected && !(await resolver.isProtectedContext())) return;
    await confirmProtected(answers, context?.value.name ?? server, app ?? command.path.join("-"));
  };
  let watched: Client | undefined;
  const clientMaker = async () => {
    const { value: server } = await resolver.server();
    known.server = server.name;
    const token = env["HOP3_API_TOKEN"] || server.token;
    const reach = await reachOf(server, terminal);
    const named = { name: server.name, url: server.url, token };
    return (known.client ??= (until: AbortSignal) => createClient(named, until, terminal.version, reach));
  };
  const context: CommandContext = {
    terminal,
    signal,
    json,
    quiet,
    verbose: said.verbose,
    force: answers.force,
    mayAsk: answers.mayAsk,
    progress: createProgress({ stderr: terminal.stderr, quiet, noColor: !wantsColour(env, terminal.stderr) }),
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
      const { value: server } = await resolver.server();
      return (watched ??= watchedClient(
        (await clientMaker())(signal),
        beforeChange(server.name, server.protected === true),
      ));
    },
    apiUntil: async (until) => (await clientMaker())(AbortSignal.any([signal, until])),
    app: async (from = {}) => {
      const { value: name, source } = await resolver.app({ ...from, guard });
      known.app = name;
      known.context = (await resolver.context())?.value.name ?? null;
      return { name, source };
    },
    server: async () => (await resolver.server()).value,
    currentContext: async () => {
      const found = await resolver.context();
      return found === undefined ? undefined : { name: found.value.name, source: found.source };
    },
    why: () => resolver.why(),
    confirmByName: (name, what) => confirmByName(answers, name, what),
    confirmYes: (what) => confirmYes(answers, what),
    emit: (out) => writeOut(terminal, out),
  };
  return { context, resolver };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}
