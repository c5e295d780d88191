/** Runs one of the host's own administration tools: an absolute path and an argv of ours, never of a caller. */
import { spawn } from "node:child_process";
import { AppError } from "#core/errors.ts";

export type ToolResult = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs `argv` to its end. The caller judges the status; throws UNAVAILABLE when the tool is missing or was killed. */
export type HostTool = (argv: readonly string[], input?: string) => Promise<ToolResult>;

/** They answer in milliseconds; one that does not is stuck on a lock that somebody else holds. */
const timeoutMs = 30_000;
const keepMax = 1024 * 1024;

export const hostTool: HostTool = ([file = "", ...args], input) =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: "pipe",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      cwd: "/",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const texts = [child.stdout, child.stderr].map((stream) => {
      const kept = { text: "" };
      stream.setEncoding("utf8").on("data", (chunk: string) => (kept.text = (kept.text + chunk).slice(-keepMax)));
      return kept;
    });
    const failed = (what: string, cause?: unknown): void =>
      reject(new AppError("UNAVAILABLE", `${file} ${what}.`, { cause }));
    child.once("error", (error) => failed("could not be started", error));
    child.once("close", (status, signal) => {
      if (status === null) return failed(`was ended by ${signal}`);
      resolve({ status, stdout: texts[0]?.text ?? "", stderr: texts[1]?.text ?? "" });
    });
    // EPIPE: it did not read its input, which its status will tell.
    child.stdin.on("error", () => undefined).end(input);
  });
