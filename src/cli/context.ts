/** What a command's `run` is given: the parsed line, the terminal, and the few things that many commands need. */
import type { Client } from "./client.ts";
import type { Progress } from "./progress.ts";
import type { Why } from "./resolve/resolver.ts";
import type { Terminal } from "./terminal.ts";

export type ResolvedApp = {
  readonly name: string;
  /** For the reader: `--app`, `HOP3_APP`, `/home/me/blog/hop3.toml [metadata] id`. */
  readonly source: string;
};

export type CommandContext = {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly quiet: boolean;
  /** 0, 1 (`-v`) or 2 (`-vv`). */
  readonly verbose: number;
  readonly force: boolean;
  /** Whether there is a person at a terminal who may be asked. */
  readonly mayAsk: boolean;
  readonly progress: Progress;
  /** A positional by its name. */
  arg(name: string): string | undefined;
  /** The words of a positional that takes many. */
  args(name: string): readonly string[];
  /** Whether a flag was given. */
  has(flag: string): boolean;
  flag(name: string): string | undefined;
  flags(name: string): readonly string[];
  /** The server's API; throws NO_SERVER. */
  api(): Promise<Client>;
  /** The same with less patience, and for reading alone. */
  apiUntil(signal: AbortSignal): Promise<Client>;
  /** The app that is meant; throws NO_APP with the chain that was tried. */
  app(from?: { readonly directory?: string; readonly orDirectory?: boolean }): Promise<ResolvedApp>;
  /** The registered server that is meant; throws NO_SERVER. */
  server(): Promise<{ readonly name: string; readonly url: string }>;
  /** The context that is meant; undefined in a project with one place to run. */
  currentContext(): Promise<{ readonly name: string; readonly source: string } | undefined>;
  /** How server, context and app are found here. */
  why(): Promise<Why>;
  /** Asks that the name be typed, unless --confirm, --yes or --force answered. Throws CONFIRMATION_NEEDED. */
  confirmByName(name: string, what: string): Promise<void>;
  /** Asks `[y/N]`, for what can be brought back, unless --yes, --confirm or --force answered. Throws CONFIRMATION_NEEDED. */
  confirmYes(what: string): Promise<void>;
  /** Writes a line of data to stdout at once (streams); waits while the reader is slow. */
  emit(text: string): Promise<void>;
};
