#!/usr/bin/env node
/** The CLI's composition root: hands the process to `runCli`, and knows what ends it. */
import { homedir } from "node:os";
import { enableCompileCache } from "node:module";
import { serverHost } from "#cmd/wire/server-host.ts";
import { version } from "#cmd/wire/version.ts";

const line = process.argv.slice(2);

if (line.length === 1 && (line[0] === "--version" || line[0] === "-V")) {
  process.stdout.write(`hop3 ${version}\n`);
} else {
  enableCompileCache();
  // A reader that has enough (`| head`) is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
  const interrupted = new AbortController();
  process.on("SIGINT", () => {
    // The second Ctrl-C does not wait for anything.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
  // By exit and not by the signal: Node then gives back a terminal that a remote command had (raw mode).
  process.on("SIGTERM", () => process.exit(143));
  process.on("SIGHUP", () => process.exit(129));
  process.on("SIGQUIT", () => process.exit(131));
  const { runCli } = await import("#cli/main.ts");
  process.exitCode = await runCli(line, {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    platform: process.platform,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    atExit: (work) => {
      process.on("exit", work);
      return () => process.off("exit", work);
    },
    signal: interrupted.signal,
    version,
    ...(serverHost === undefined ? {} : { serverHost }),
  });
  // A stdin that was asked for a line would keep the process alive.
  process.stdin.unref?.();
}
