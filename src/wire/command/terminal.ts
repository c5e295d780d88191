/** A command at a terminal of its own (node-pty): line editing, job control, Ctrl-C and size are the kernel's. */
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { spawn, type IPty } from "@lydell/node-pty";
import type { CommandPlan, RunningCommand, Size } from "./command.ts";
import { signalGroup } from "./piped.ts";

/** While nobody reads, we look this often whether the command has ended, in milliseconds. */
const lookEvery = 50;

/** What a terminal's driver takes for the end of input, and for a signal. */
const controls = { end: "\u0004", SIGINT: "\u0003", SIGQUIT: "\u001c" } as const;

export function startTerminal({ argv, env, cwd }: CommandPlan, size: Size): RunningCommand {
  const [file = "", ...args] = argv;
  const terminal = spawn(file, args, {
    name: env["TERM"] ?? "xterm",
    cols: size.columns,
    rows: size.rows,
    cwd,
    env: { ...env },
    encoding: null,
  });
  const stdout = outputOf(terminal);
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      stdout.push(null);
      resolve(signal !== undefined && signal > 0 ? 128 + signal : exitCode);
    });
  });
  // The package's own write() tells nobody when the terminal has taken the data; its socket does.
  const { _socket: socket } = terminal as unknown as { readonly _socket: Socket };
  const write = (data: Buffer | string, taken: () => void): void => {
    if (socket.writable) socket.write(data, () => taken());
    else taken();
  };
  return {
    stdout,
    stderr: null,
    write,
    endInput: () => write(controls.end, () => undefined),
    resize: ({ columns, rows }) => {
      try {
        if (columns > 0 && rows > 0) terminal.resize(columns, rows);
      } catch {
        // It has ended.
      }
    },
    signal: (name) => {
      if (name === "SIGINT" || name === "SIGQUIT") write(controls[name], () => undefined);
      else signalGroup(terminal.pid, name);
    },
    ended,
  };
}

/**
 * The package closes the terminal 200 ms after the command's end, read or not. So while we do not read we look whether it
 * has ended, and then take what is left: no more than the kernel holds for a terminal.
 */
function outputOf(terminal: IPty): Readable {
  let look: NodeJS.Timeout | undefined;
  let gone = false;
  const resume = (): void => {
    clearInterval(look);
    look = undefined;
    terminal.resume();
  };
  const output = new Readable({ read: resume });
  terminal.onData((data) => {
    // Bytes, since no encoding was asked for, whatever the type says.
    if (output.push(data) || look !== undefined || gone) return;
    terminal.pause();
    look = setInterval(() => {
      gone = !isThere(terminal.pid);
      if (gone) resume();
    }, lookEvery);
  });
  terminal.onExit(() => clearInterval(look));
  return output;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
