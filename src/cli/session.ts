/** The person's side of a session: their terminal or pipes on one end, frames on the other. */
import type { Duplex } from "node:stream";
import { Credit, Intake, sendAll } from "#core/session-credit.ts";
import { aliveEvery, encodeFrame, FrameReader, silenceMax, type Frame } from "#core/session-frames.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import type { Output, Terminal } from "./terminal.ts";

/**
 * Resolves with the command's exit status, when all it said has been written. With `raw` the person's terminal is the
 * command's: every key goes there, Ctrl-C too. Throws UNAVAILABLE when the session broke off before its end.
 */
export async function talk(connection: Duplex, terminal: Terminal, raw: boolean): Promise<number> {
  const { stdin, stdout, stderr, signal } = terminal;
  const send = (frame: Frame): void => {
    if (connection.writable) connection.write(encodeFrame(frame));
  };
  const intakeOf = (stream: "stdout" | "stderr", output: Output) =>
    new Intake(
      (data, taken) => void output.write(data, () => taken()),
      (bytes) => send({ type: "grant", stream, bytes }),
    );
  const intake = { stdout: intakeOf("stdout", stdout), stderr: intakeOf("stderr", stderr) };
  const credit = new Credit();

  const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
  const reader = new FrameReader();
  let heard = performance.now();
  const obey = (frame: Frame): void => {
    switch (frame.type) {
      case "stdout":
      case "stderr":
        return intake[frame.type].take(frame.data);
      case "grant":
        return credit.grant(frame.bytes);
      case "exit":
        return resolve(frame.code);
      case "failed":
        return reject(brokeOff(`: ${printable(frame.reason)}`));
      default:
    }
  };
  connection.on("data", (chunk: Buffer) => {
    heard = performance.now();
    try {
      for (const frame of reader.take(chunk)) obey(frame);
    } catch (cause) {
      reject(new AppError("UNREACHABLE", "What answers does not speak as a Hop3 server does.", { cause }));
    }
  });
  connection.on("error", (cause) => reject(brokeOff(". Nothing of it is left running", cause)));
  connection.on("close", () => reject(brokeOff(". Nothing of it is left running")));
  const beat = setInterval(() => {
    if (performance.now() - heard > silenceMax) reject(brokeOff(": the server has not been heard for a minute"));
    send({ type: "alive" });
  }, aliveEvery);

  const interrupt = (): void => send({ type: "signal", signal: "SIGINT" });
  signal.addEventListener("abort", interrupt, { once: true });
  if (signal.aborted) interrupt();
  const resized = (): void => send({ type: "resize", ...sizeOf(stdout) });
  try {
    if (raw) {
      stdin.setRawMode?.(true);
      stdout.on?.("resize", resized);
      resized(); // it may have changed since it was asked for
    }
    void sendAll(stdin as AsyncIterable<Uint8Array>, credit, (data) => send({ type: "stdin", data })).then(
      () => send({ type: "stdin-end" }),
      (error: unknown) => reject(toAppError(error)),
    );
    const code = await ended;
    await Promise.all([intake.stdout.empty(), intake.stderr.empty()]);
    return code;
  } finally {
    clearInterval(beat);
    signal.removeEventListener("abort", interrupt);
    stdout.off?.("resize", resized);
    if (raw) stdin.setRawMode?.(false);
    stdin.destroy();
    connection.destroy();
  }
}

export function sizeOf({ columns = 80, rows = 24 }: Output): { columns: number; rows: number } {
  return { columns: Math.max(1, columns), rows: Math.max(1, rows) };
}

function brokeOff(how: string, cause?: unknown): AppError {
  return new AppError("UNAVAILABLE", `The session ended before its command${how}.`, {
    hint: "`hop3 system logs` may tell why.",
    ...(cause === undefined ? {} : { cause }),
  });
}
