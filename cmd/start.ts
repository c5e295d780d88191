/**
 * `npm start`: the platform in the foreground, in user mode. Prepares what must exist before the supervisor comes up
 * (ports, first admin, edge document), starts it, deploys the example when there is no app, and says what to type next.
 */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { toAppError } from "#core/errors.ts";
import { runningSupervisor, untilGone } from "#cmd/wire/attach.ts";
import { choosePorts } from "#cmd/wire/choose-ports.ts";
import { firstRun } from "#cmd/wire/first-run.ts";
import { localToken } from "#cmd/wire/local-context.ts";
import { ownProcess, warmCompileCache } from "#cmd/wire/own-process.ts";
import { prepare } from "#cmd/wire/prepare.ts";
import { readServerSettings, serverEnvironment, toolEnvironment } from "#cmd/wire/settings.ts";
import { version } from "#cmd/wire/version.ts";
import { exec } from "#sys/exec.ts";
import { makeRunDir } from "#sys/run-dir.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

const again = "`npm start` brings every app back.";
const stopped = `Stopped. ${again}`;

/** 128 + SIGINT: how a foreground program that was interrupted ends. */
const interrupted = 130;

try {
  process.exitCode = await start();
} catch (thrown) {
  const error = toAppError(thrown);
  process.stderr.write(`hop3: ${error.message}\n  ${error.hint}\n`);
  if (error.code === "INTERNAL") process.stderr.write(`${String(error.cause)}\n`);
  process.exitCode = 1;
}

async function start(): Promise<number> {
  process.umask(0o077);
  const uid = process.getuid?.() ?? 0;
  const wanted = readServerSettings(process.env, uid);
  mkdirSync(wanted.layout.root, { recursive: true, mode: 0o755 });
  makeRunDir(wanted.layout.run, uid);
  if (uid === 0)
    say("Running as root in user mode: apps run as root too. Use it to try things out, not to serve strangers.");

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

  const present = await runningSupervisor(wanted.layout);
  if (present !== undefined) {
    supervisorPid = present;
    say(`This server is running already (supervisor ${present}): staying with it.`);
    say("`hop3 apps` lists what runs. Ctrl-C here stops all of it, also for the terminal that started it.");
    await untilGone(present);
    say(interruptions > 0 ? stopped : `The server has ended. ${again}`);
    return interruptions > 0 ? interrupted : 1;
  }

  const settings = await choosePorts(wanted, say);
  const token = await prepare(settings, version, await localToken(process.env, homedir()));
  const environment = { ...toolEnvironment(process.env), ...serverEnvironment(settings) };
  await warmCompileCache(environment);
  const own = ownProcess(fileURLToPath(new URL("supervisor.ts", import.meta.url)), environment);
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
    await firstRun({ settings, token, say, env: process.env, signal: stop.signal });
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
