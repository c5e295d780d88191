/** The command that serves a Python callable: Granian on the instance's unix socket. */
import type { ShellCommand } from "#core/records.ts";
import type { Callable } from "./callable.ts";
import { aloneModule } from "./serve-alone.ts";

/**
 * One worker unless WEB_CONCURRENCY says more; a WSGI app gets four threads unless GRANIAN_BLOCKING_THREADS says
 * otherwise. The socket is for the app's group too: the edge opens it by group. `alone`: its one worker needs no process
 * beside it.
 */
export function serveCommand(
  { interface: kind, target, factory }: Pick<Callable, "interface" | "target" | "factory">,
  alone: boolean,
): ShellCommand {
  return [
    `exec python -m ${alone ? aloneModule : "granian"}`,
    `--interface ${kind}`,
    '--uds "$HOP3_SOCKET" --uds-permissions 0660',
    '--http 1 --workers "${WEB_CONCURRENCY:-1}"',
    ...(kind === "wsgi" ? ['--no-ws --blocking-threads "${GRANIAN_BLOCKING_THREADS:-4}"'] : []),
    "--log-level warning --no-access-log",
    ...(factory ? ["--factory"] : []),
    target,
  ].join(" ");
}
