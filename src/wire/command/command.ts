/**
 * The command engine: one command with pipes or with a terminal, served over a stream of frames. It knows no policy, no
 * app and no user; who may run what, and in what environment, was decided before.
 */
import type { Readable } from "node:stream";
import type { SessionSignal } from "#core/session-frames.ts";

export type CommandPlan = {
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
};

export type Size = { readonly columns: number; readonly rows: number };

/** A command that runs. It leads a session, and so a process group, of its own. */
export type RunningCommand = {
  readonly stdout: Readable;
  /** Null when there is a terminal, where all is one stream. */
  readonly stderr: Readable | null;
  /** Calls back when the data has been passed on, or can never be. */
  write(data: Buffer, taken: () => void): void;
  endInput(): void;
  resize(size: Size): void;
  /** To the process group; with a terminal to the foreground one where the terminal knows the signal. */
  signal(name: SessionSignal | "SIGKILL"): void;
  /** The exit status of its first process, 128+n after signal n. Output may still come. */
  readonly ended: Promise<number>;
};
