/** One client, one command: frames in both directions until the command has ended or the client has gone. */
import type { Duplex } from "node:stream";
import { Credit, Intake, sendAll } from "#core/session-credit.ts";
import { aliveEvery, encodeFrame, FrameReader, silenceMax, type Frame } from "#core/session-frames.ts";
import type { RunningCommand } from "./command.ts";

/** How a client may be waited for, in milliseconds. */
export type ServeTimes = {
  /** Without a word from the client. */
  readonly silence: number;
  /** From being asked to end to being killed. */
  readonly grace: number;
  /** For what is left in the background to say its last words when the command has ended. */
  readonly lastWords: number;
  /** For the client to take the last frame. */
  readonly goodbye: number;
};

export const standardTimes: ServeTimes = { silence: silenceMax, grace: 2000, lastWords: 500, goodbye: 10_000 };

export type ServeOptions = {
  readonly times?: ServeTimes;
  /** Aborted to end the command; the reason's message is told to the client. */
  readonly signal?: AbortSignal;
};

/** Resolves when the client has been told the end, or has gone and the command's process group with it. */
export async function serveCommand(client: Duplex, command: RunningCommand, options: ServeOptions = {}): Promise<void> {
  const { times = standardTimes, signal } = options;
  const leaving = new AbortController();
  const leave = (reason?: string): void => leaving.abort(reason);
  let muted = false;
  const send = (frame: Frame): void => {
    if (client.writable && !(muted && "data" in frame)) client.write(encodeFrame(frame));
  };
  const credits = { stdout: new Credit(), stderr: new Credit() };
  const stdin = new Intake(
    (data, taken) => command.write(data, taken),
    (bytes) => send({ type: "grant", stream: "stdin", bytes }),
  );

  let heard = performance.now();
  const reader = new FrameReader();
  client.on("data", (chunk: Buffer) => {
    heard = performance.now();
    try {
      for (const frame of reader.take(chunk)) obey(frame);
    } catch {
      leave("the client said what no client says");
    }
  });
  const obey = (frame: Frame): void => {
    switch (frame.type) {
      case "stdin":
        return stdin.take(frame.data);
      case "stdin-end":
        return void stdin.empty().then(() => command.endInput());
      case "resize":
        return command.resize(frame);
      case "signal":
        return command.signal(frame.signal);
      case "grant":
        if (frame.stream !== "stdin") credits[frame.stream].grant(frame.bytes);
        return;
      case "alive":
        return;
      default:
        leave("the client said what only a server says");
    }
  };
  for (const event of ["end", "close", "error"] as const) client.on(event, () => leave());
  signal?.addEventListener("abort", () => leave(String(signal.reason)), { once: true });
  if (signal?.aborted === true) leave(String(signal.reason));
  const beat = setInterval(
    () => {
      if (performance.now() - heard > times.silence) leave();
      else send({ type: "alive" });
    },
    Math.min(aliveEvery, times.silence / 4),
  );

  const left = new Promise<"left">((resolve) => {
    leaving.signal.addEventListener("abort", () => resolve("left"), { once: true });
    if (leaving.signal.aborted) resolve("left");
  });
  try {
    const done = relayOutput(command, credits, send, times.lastWords);
    const outcome = await Promise.race([done, left]);
    if (outcome === "left") {
      const { reason } = leaving.signal as { readonly reason: unknown };
      if (typeof reason === "string") send({ type: "failed", reason });
      // Nobody takes what it still says, and it must not stand still over that.
      muted = true;
      for (const credit of [credits.stdout, credits.stderr]) credit.grant(Number.MAX_SAFE_INTEGER);
      await endCommand(command, times.grace);
    } else send({ type: "exit", code: outcome });
    await goodbye(client, times.goodbye);
  } finally {
    clearInterval(beat);
    client.destroy();
  }
}

/** Resolves with the exit status when all output has been sent. */
async function relayOutput(
  command: RunningCommand,
  credits: { readonly stdout: Credit; readonly stderr: Credit },
  send: (frame: Frame) => void,
  lastWords: number,
): Promise<number> {
  let sentAt = performance.now();
  const relay = (stream: "stdout" | "stderr", source: AsyncIterable<Uint8Array> | null): Promise<void> =>
    source === null
      ? Promise.resolve()
      : sendAll(source, credits[stream], (data) => {
          sentAt = performance.now();
          send({ type: stream, data });
        }).catch(() => undefined); // it was torn down, because everybody has left
  const sent = Promise.all([relay("stdout", command.stdout), relay("stderr", command.stderr)]);
  const code = await command.ended;
  // What it left in the background would hold its output open for ever, and must not outlive it anyway.
  command.signal("SIGKILL");
  let all = false;
  void sent.then(() => (all = true));
  // While the client grants nothing there is output that waits, and nothing is over.
  const hasMore = (): boolean =>
    [command.stdout, command.stderr].some((one) => (one?.readableLength ?? 0) > 0) ||
    credits.stdout.waits ||
    credits.stderr.waits;
  while (!all && (hasMore() || performance.now() - sentAt < lastWords)) await pause(20);
  if (!all) for (const one of [command.stdout, command.stderr]) one?.destroy();
  return code;
}

/** Asks the command's process group to end, and kills it. What has left the group is the caller's to find. */
async function endCommand(command: RunningCommand, grace: number): Promise<void> {
  let ended = false;
  void command.ended.then(() => (ended = true));
  // A terminal that goes away says HUP, and who writes to a pipe that is gone is told as well; TERM is for the rest.
  command.signal("SIGHUP");
  const half = performance.now() + grace / 2;
  const end = performance.now() + grace;
  while (!ended && performance.now() < half) await pause(20);
  if (!ended) command.signal("SIGTERM");
  while (!ended && performance.now() < end) await pause(20);
  command.signal("SIGKILL");
}

/** The last frame has been taken, or nobody is there to take it. */
async function goodbye(client: Duplex, wait: number): Promise<void> {
  if (client.destroyed) return;
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.end();
  await Promise.race([closed, pause(wait)]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
