/** A command with three pipes: what it is given and what it says may be any bytes. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { CommandPlan, RunningCommand } from "./command.ts";

export function startPiped({ argv, env, cwd }: CommandPlan): RunningCommand {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  // It need not read what it is given: its exit status tells what that meant.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<number>((resolve) => {
    // It was there when it was looked for (program.ts); what can still fail is told as a shell does.
    child.once("error", () => resolve(126));
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  });
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    write: (data, taken) => void child.stdin.write(data, () => taken()),
    endInput: () => void child.stdin.end(),
    resize: () => undefined,
    signal: (name) => {
      if (child.pid !== undefined) signalGroup(child.pid, name);
    },
    ended,
  };
}

export function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name);
  } catch {
    // It has ended.
  }
}
