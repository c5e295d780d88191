/** Runs one of the host's own administration tools: an absolute path and an argv of ours, never of a caller. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { AppError } from "#core/errors.ts";

export type ToolResult = { readonly status: number; readonly stdout: string; readonly stderr: string };

/**
 * Runs `argv` to its end. The caller judges the status; throws UNAVAILABLE when the tool is missing or was killed, as it is
 * after `seconds`, 30 if not given: most answer in milliseconds, or are stuck on a lock that somebody else holds.
 */
export type HostTool = (
  argv: readonly string[],
  input?: string,
  limits?: { readonly seconds: number },
) => Promise<ToolResult>;

const keepMax = 1024 * 1024;

const options = { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" }, cwd: "/" };

export const hostTool: HostTool = (argv, input, { seconds } = { seconds: 30 }) => {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { ...options, stdio: "pipe", timeout: seconds * 1000, killSignal: "SIGKILL" });
  // EPIPE: it did not read its input, which its status will tell.
  child.stdin.on("error", () => undefined).end(input);
  return endOf(file, child, child.stdout, child.stderr);
};

/**
 * Runs two whose one writes what the other reads, without reading it ourselves. The result is of the one that failed, else
 * of the reader. `seconds` for both together.
 */
export async function hostPipe(from: readonly string[], to: readonly string[], seconds: number): Promise<ToolResult> {
  const [writer = "", ...writing] = from;
  const [reader = "", ...reading] = to;
  const limited = { ...options, timeout: seconds * 1000, killSignal: "SIGKILL" } as const;
  const first = spawn(writer, writing, { ...limited, stdio: ["ignore", "pipe", "pipe"] });
  const second = spawn(reader, reading, { ...limited, stdio: [first.stdout, "pipe", "pipe"] });
  // The reader has its own hold on the pipe; while we kept ours the writer would not learn that it has gone.
  first.stdout.destroy();
  const results = await Promise.all([
    endOf(writer, first, undefined, first.stderr),
    endOf(reader, second, second.stdout, second.stderr),
  ]);
  // A writer that was told that nobody reads any more has failed because the reader has.
  return results[1].status !== 0 || results[0].status === 0 ? results[1] : results[0];
}

function endOf(file: string, child: ChildProcess, stdout: Readable | undefined, stderr: Readable): Promise<ToolResult> {
  const [out, err] = [collect(stdout), collect(stderr)];
  return new Promise((resolve, reject) => {
    const failed = (what: string, cause?: unknown): void =>
      reject(new AppError("UNAVAILABLE", `${file} ${what}.`, { cause }));
    child.once("error", (error) => failed("could not be started", error));
    child.once("close", (status, signal) => {
      // The signal of a pipe that nobody reads is an end like others.
      if (status === null && signal !== "SIGPIPE") return failed(`was ended by ${signal}`);
      resolve({ status: status ?? 141, stdout: out(), stderr: err() });
    });
  });
}

function collect(stream: Readable | undefined): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (chunk: string) => (text = (text + chunk).slice(-keepMax)));
  return () => text;
}
