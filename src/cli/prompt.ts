/** Questions to a person at a terminal, on stderr, so that stdout stays data. */
import { AppError } from "#core/errors.ts";
import type { Terminal } from "./terminal.ts";

const answerMax = 4096;

/** Whether there is a person to ask. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Reads a line; with `hidden` nothing is echoed. Throws CANCELED on Ctrl-C and Ctrl-D. */
export async function ask(terminal: Terminal, question: string, hidden = false): Promise<string> {
  const { stdin, stderr, signal } = terminal;
  // Raw mode is what switches the echo off, before anybody is asked; the keys that edit a line are then ours.
  if (hidden) stdin.setRawMode?.(true);
  stderr.write(question);
  stdin.setEncoding("utf8");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let line = "";
  const stop = () => reject(new AppError("CANCELED", "Interrupted."));
  const take = (chunk: string) => {
    let read = 0;
    for (const char of chunk) {
      read += char.length;
      if (char === "\n" || char === "\r") {
        // What was typed ahead is for the next question.
        const after = chunk.slice(read);
        const ahead = char === "\r" ? after.replace(/^\n/, "") : after;
        if (ahead !== "") stdin.pause().unshift(ahead);
        return resolve(line);
      }
      if (char === "\u0003" || char === "\u0004") return stop();
      if (char === "\u007f" || char === "\b") line = line.slice(0, -1);
      else if (char >= " " && line.length < answerMax) line += char;
    }
  };
  // An earlier question has paused it.
  stdin.on("data", take).on("end", stop).resume();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await promise;
  } finally {
    stdin.off("data", take).off("end", stop).pause();
    signal.removeEventListener("abort", stop);
    if (hidden) {
      stdin.setRawMode?.(false);
      stderr.write("\n");
    }
  }
}

/** All of stdin as text, at most `max` bytes. Throws TOO_LARGE. */
export async function readStdin({ stdin }: Terminal, max: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > max) throw new AppError("TOO_LARGE", `More than ${max} bytes came on stdin.`, { hint: "Send less." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
