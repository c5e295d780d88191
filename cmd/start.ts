/**
 * `npm start`: the platform in the foreground, in user mode. Prepares what must exist before the supervisor comes up
 * (ports, first admin, edge document), starts it, deploys the example when there is no app, and says what to type next.
 */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { AppError, toAppError } from "#core/errors.ts";
import { choosePorts } from "#cmd/wire/choose-ports.ts";
import { firstRun } from "#cmd/wire/first-run.ts";
import { runForeground } from "#cmd/wire/foreground.ts";
import { localToken } from "#cmd/wire/local-context.ts";
import { prepare } from "#cmd/wire/prepare.ts";
import { readServerSettings, serverEnvironment, toolEnvironment } from "#cmd/wire/settings.ts";
import { version } from "#cmd/wire/version.ts";
import { makeRunDir } from "#sys/run-dir.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

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
  if (wanted.mode === "system")
    throw new AppError("USAGE", "`npm start` is for user mode.", {
      hint: "`sudo hop3 server start` starts system mode.",
    });
  mkdirSync(wanted.layout.root, { recursive: true, mode: 0o755 });
  makeRunDir(wanted.layout.run, uid);
  if (uid === 0)
    say("Running as root in user mode: apps run as root too. Use it to try things out, not to serve strangers.");

  return await runForeground({
    layout: wanted.layout,
    say,
    again: "`npm start` brings every app back.",
    begin: async () => {
      const settings = await choosePorts(wanted, say);
      const token = await prepare(settings, version, await localToken(process.env, homedir()));
      return {
        environment: { ...toolEnvironment(process.env), ...serverEnvironment(settings) },
        up: (signal) => firstRun({ settings, token, say, env: process.env, signal }),
      };
    },
  });
}
