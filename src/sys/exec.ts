/**
 * The one place (beside the supervisor's spawn) where a child process is started: an argv array, never a shell string.
 * A non-zero exit is a result, not an exception; the caller decides. The child has a process group of its own, and a
 * time-out or an abort kills the whole group.
 */
import { spawn } from "node:child_process";
import type { ExecResult } from "#core/plugin.ts";

export type ExecOptions = {
  readonly cwd?: string;
  /** The whole environment of the child; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called with each complete line of stdout and stderr as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  readonly input?: string;
  /** Told the process id as soon as there is one, for who wants to signal it. */
  readonly onSpawn?: (pid: number) => void;
};

/** Bytes of each stream that are kept in the result; the head is dropped beyond. */
const keepMax = 1024 * 1024;

/** Runs argv and resolves when it has ended. Rejects only when it cannot be started (ENOENT, EACCES) or was aborted. */
export async function exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const [command, ...args] = argv;
  if (command === undefined) throw new TypeError("exec needs a command");
  options.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    let timedOut = false;
    const killTree = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group is gone already.
      }
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killTree();
          }, options.timeoutMs);
    options.signal?.addEventListener("abort", killTree, { once: true });
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", killTree);
    };
    const stdout = collect(child.stdout, (line) => options.onLine?.(line, "stdout"));
    const stderr = collect(child.stderr, (line) => options.onLine?.(line, "stderr"));
    // EPIPE: the child did not read its input, which its exit status will tell.
    child.stdin?.on("error", () => undefined).end(options.input);
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (exitCode, signal) => {
      settle();
      if (options.signal?.aborted === true) reject(options.signal.reason as Error);
      else resolve({ exitCode, signal, timedOut, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Starts what goes on without us, as a browser does; false when it cannot be started. Its output is nobody's. */
export async function startAndLeave(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  const [command, ...args] = argv;
  if (command === undefined) throw new TypeError("startAndLeave needs a command");
  const child = spawn(command, args, { env: { ...env }, detached: true, stdio: "ignore" });
  return new Promise((resolve) => {
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
    child.once("error", () => resolve(false));
  });
}

function collect(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): () => string {
  let kept = "";
  let partial = "";
  if (stream === null) return () => "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    kept = (kept + chunk).slice(-keepMax);
    const lines = (partial + chunk).split("\n");
    partial = (lines.pop() ?? "").slice(-keepMax);
    for (const line of lines) onLine(line);
  });
  stream.on("end", () => {
    if (partial !== "") onLine(partial);
  });
  return () => kept;
}
