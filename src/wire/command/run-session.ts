/**
 * A session process: it is told what to run, waits for its one client on its socket, runs the command for as long as the
 * client is there, and ends. Whatever of the command outlives it is ended by the supervisor, which started it.
 */
import type { Duplex } from "node:stream";
import { encodeFrame, type Frame } from "#core/session-frames.ts";
import type { SessionPlan } from "#core/session-plan.ts";
import type { RunningCommand } from "./command.ts";
import { listenForOne } from "./one-client.ts";
import { startPiped } from "./piped.ts";
import { cannotStart } from "./program.ts";
import { serveCommand } from "./serve-command.ts";

/** Milliseconds for the client to come. */
const clientWithin = 15_000;

/** `ready` is called when it serves; `cwd` is where the command runs. `signal` ends the command, with the reason. */
export async function runSession(
  plan: SessionPlan,
  { ready, cwd, signal }: { readonly ready: () => void; readonly cwd: string; readonly signal: AbortSignal },
): Promise<void> {
  const { came, close } = await listenForOne(plan.socket, plan.token, clientWithin);
  signal.addEventListener("abort", close, { once: true });
  ready();
  const client = await came;
  if (client === undefined) return;
  const problem = cannotStart(plan.argv[0] ?? "", plan.env["PATH"] ?? "", cwd);
  if (problem !== undefined) {
    const data = Buffer.from(`hop3: ${plan.argv[0] ?? ""}: ${problem.reason}\n`);
    return say(
      client,
      { type: plan.terminal === null ? "stderr" : "stdout", data },
      { type: "exit", code: problem.code },
    );
  }
  let command: RunningCommand;
  try {
    command = await start(plan, cwd);
  } catch (error) {
    return say(client, { type: "failed", reason: `the command could not be started: ${String(error)}` });
  }
  const time = AbortSignal.timeout(plan.timeout * 1000);
  const ends = new AbortController();
  time.addEventListener("abort", () => ends.abort(`it took longer than ${plan.timeout} s, which is the limit`));
  signal.addEventListener("abort", () => ends.abort("the server ended it"), { once: true });
  await serveCommand(client, command, { signal: ends.signal });
}

async function start(plan: SessionPlan, cwd: string): Promise<RunningCommand> {
  const { argv, env, terminal } = plan;
  if (terminal === null) return startPiped({ argv, env, cwd });
  // Native code, and needed for a terminal only.
  const { startTerminal } = await import("./terminal.ts");
  return startTerminal({ argv, env, cwd }, terminal);
}

async function say(client: Duplex, ...frames: readonly Frame[]): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.on("error", () => undefined).resume();
  client.end(Buffer.concat(frames.map(encodeFrame)));
  await closed;
}
