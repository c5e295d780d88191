/**
 * A child process that is spoken with while it runs: three pipes, and a channel (descriptor 3) that whatever it starts
 * inherits. An argv array, never a shell string; the environment is what is given and nothing else.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Duplex, Readable, Writable } from "node:stream";

export type StreamProcess = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** A socket: both ends read and write. */
  readonly channel: Duplex;
  /** Its exit status, 128 and the signal's number as a shell has it; 126 when it could not be started. */
  readonly ended: Promise<number>;
  /** KILL to it and to all that it has started and not set free. */
  kill(): void;
};

export function startStreamProcess(
  argv: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): StreamProcess {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { cwd, env: { ...env }, detached: true, stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const channel = child.stdio[3] as Duplex;
  // Whoever reads or writes learns from the end of the process what a broken pipe meant.
  for (const stream of [child.stdin, child.stdout, child.stderr, channel]) stream.on("error", () => undefined);
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(126));
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    channel,
    ended,
    kill() {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group is gone already.
      }
    },
  };
}
