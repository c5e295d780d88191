/**
 * A command is data: its words, what it takes, what it is for, and what it does. Help, docs/cli.md and completion are
 * made of the same object, so they cannot differ from what the parser takes.
 */
import type { CommandContext } from "./context.ts";

export type Flag = {
  /** Without dashes: `lines`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What stands for its value in help, for example `N`; a flag without one is on or off. */
  readonly value?: string;
  readonly summary: string;
  /** May be given several times. */
  readonly repeat?: boolean;
  /** What completion offers for its value. */
  readonly complete?: Completes;
};

/** Names that are only known at the time: of the server, or of this person's files. */
export type Completes = "app" | "process" | "env" | "cron" | "release" | "domain" | "server" | "context";

export type Positional = {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** What of the server, or of this person's files, completion offers for it. */
  readonly complete?: Completes;
  /** All that it may be, where that is a short list. */
  readonly values?: readonly string[];
  /** Takes all the words that are left; only the last one may. */
  readonly many?: boolean;
};

/** What a command gives back; rendered by main.ts as text or as a JSON envelope. */
export type Outcome = {
  /** `data` of the JSON envelope; without it there is none, because the command has streamed. */
  readonly data?: unknown;
  /** The same for a reader, written to stdout. */
  readonly text?: string;
  /** One line on stderr that says what was changed. */
  readonly summary?: string;
  /** Exit status when it is not 0 although there is a result, for example a plan that would fail. */
  readonly exit?: number;
};

export type Category = "Daily" | "Releases" | "Apps" | "Settings" | "People" | "Server" | "Tool";

export type Command = {
  /** `["app", "logs"]` for `hop3 app logs`. */
  readonly path: readonly string[];
  /** Other words for the same, for example `["logs"]`. */
  readonly aliases?: readonly (readonly string[])[];
  readonly category: Category;
  readonly summary: string;
  /** Longer explanation for help and docs, paragraphs. */
  readonly about?: readonly string[];
  readonly examples: readonly [string, ...string[]];
  readonly positionals: readonly Positional[];
  readonly flags: readonly Flag[];
  /** Changes or removes: refuses an app from HOP3_APP that the directory's own hop3.toml contradicts. */
  readonly guarded?: boolean;
  readonly seeAlso?: readonly string[];
  /** Exit status of its own failures, where the table's might be taken for that of what it has run. */
  readonly failureExit?: number;
  readonly run: (context: CommandContext) => Promise<Outcome>;
};

export function defineCommand(command: Command): Command {
  return command;
}

/** Taken by every command, anywhere in the line. */
export const globalFlags: readonly Flag[] = [
  {
    name: "app",
    short: "a",
    value: "NAME",
    complete: "app",
    summary: "The app; else HOP3_APP, .hop3-app or hop3.toml names it",
  },
  {
    name: "context",
    short: "c",
    value: "NAME",
    summary: "A context of hop3.toml; else HOP3_CONTEXT or the chosen one",
  },
  { name: "server", value: "NAME", complete: "server", summary: "A server registered by `hop3 login`" },
  { name: "json", summary: "One JSON document on stdout; no prompts, colours or progress" },
  { name: "quiet", short: "q", summary: "No progress and no summary on stderr" },
  { name: "verbose", short: "v", summary: "Say more; -vv says most", repeat: true },
  { name: "yes", short: "y", summary: "Answer yes to questions" },
  { name: "confirm", value: "NAME", summary: "Confirm a removal by the name of what is removed" },
  { name: "force", summary: "Override safety checks" },
  { name: "no-input", summary: "Never ask; fail and name the flag to use instead" },
  { name: "no-alias", summary: "Take the first word as it stands, not as an alias of yours" },
  { name: "why", summary: "Say on stderr which server, context and app are meant, and why; run nothing" },
  { name: "help", short: "h", summary: "Show what a command takes" },
];
