/** The platform in the foreground of a terminal: starts the supervisor, or joins the one that runs, and Ctrl-C stops everything. */
import { fileURLToPath } from "node:url";
import type { Layout } from "#core/layout.ts";
import { runningSupervisor, untilGone } from "#cmd/wire/attach.ts";
import { ownProcess, warmCompileCache } from "#cmd/wire/own-process.ts";
import { exec } from "#sys/exec.ts";

/** 128 + SIGINT: how a foreground program that was interrupted ends. */
const interrupted = 130;

export type Foreground = {
  readonly layout: Layout;
  readonly say: (line: string) => void;
  /** What brings it back, in words. */
  readonly again: string;
  /** Called when no supervisor runs: makes what one needs. Gives its environment, and what to do while it comes up, until the signal. */
  readonly begin: () => Promise<{
    readonly environment: Readonly<Record<string, string>>;
    readonly up: (signal: AbortSignal) => Promise<void>;
  }>;
};

/** The exit status. Rejects when it does not come up; then nothing is left running. */
export async function runForeground({ layout, say, again, begin }: Foreground): Promise<number> {
  const stopped = `Stopped. ${again}`;
  const stop = new AbortController();
  let interruptions = 0;
  let supervisorPid: number | undefined;
  const onSignal = () => {
    interruptions += 1;
    stop.abort();
    if (interruptions === 1) say("\nStopping all apps and services...");
    if (supervisorPid !== undefined) signal(supervisorPid);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);

  const present = await runningSupervisor(layout);
  if (present !== undefined) {
    supervisorPid = present;
    say(`This server is running already (supervisor ${present}): staying with it.`);
    say("`hop3 apps` lists what runs. Ctrl-C here stops all of it, also for the terminal that started it.");
    await untilGone(present);
    say(interruptions > 0 ? stopped : `The server has ended. ${again}`);
    return interruptions > 0 ? interrupted : 1;
  }

  const { environment, up } = await begin();
  await warmCompileCache(environment);
  const own = ownProcess(fileURLToPath(new URL("../supervisor.ts", import.meta.url)), environment);
  const lastWords: string[] = [];
  const supervisor = exec(own.argv, {
    env: own.env,
    onSpawn: (pid) => (supervisorPid = pid),
    onLine: (line) => {
      lastWords.push(line);
      if (lastWords.length > 20) lastWords.shift();
    },
  });
  const ended = supervisor.then((result) => {
    stop.abort();
    return result;
  });
  try {
    await up(stop.signal);
  } catch (error) {
    // A server that does not come up is not left behind half started.
    if (supervisorPid !== undefined) signal(supervisorPid);
    await ended;
    throw error;
  }
  const { exitCode, signal: by } = await ended;
  if (interruptions > 0) {
    say(stopped);
    return interrupted;
  }
  process.stderr.write(`The supervisor ended by itself (${exitCode ?? by}).\n${lastWords.join("\n")}\n`);
  return 1;
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It is gone already.
  }
}
