/**
 * A connection to a server's API through ssh: `ssh -W 127.0.0.1:8009 user@host` for each, whose stdin and stdout are the
 * connection. No port is opened on this side, where other people of this host could use it.
 */
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { AppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import { type Piped, pipeThrough } from "#sys/attached-process.ts";
import type { Terminal } from "../terminal.ts";
import { sshArgv, sshOptions, type SshOptions } from "./argv.ts";
import { destinationUrl, parseDestination } from "./destination.ts";

/** Where hop3d's API listens, unless something else is known. */
export const usualApiPort = 8009;

export type Tunnel = {
  readonly stream: Duplex;
  /** What ssh said when it could not get there; undefined when that was not the trouble. */
  failure(): Promise<AppError | undefined>;
};

/** Rejects with what ssh says when it does not get there. */
export type Dial = () => Promise<Tunnel>;

type Server = { readonly url: string; readonly apiPort?: number; readonly sshKey?: string };

/** Throws USAGE for an address that is none. */
export function dialBySsh({ url, apiPort = usualApiPort, sshKey }: Server, terminal: Terminal): Dial {
  const destination = parseDestination(url);
  const options = sshOptions(destination, terminal, sshKey);
  const argv = (chosen: SshOptions) => sshArgv(destination, chosen, "-W", `127.0.0.1:${apiPort}`);
  const failureOf = async ({ ended }: Piped): Promise<AppError | undefined> => {
    const { exitCode, said } = await ended.catch((cause: unknown) => {
      throw new AppError("UNREACHABLE", "ssh could not be started.", { hint: "Is it installed?", cause });
    });
    if (exitCode !== 255) return undefined;
    return new AppError("UNREACHABLE", `No answer from ${destinationUrl(destination)}: ssh says what is wrong.`, {
      details: lastLines(said),
      hint: /forwarding (request )?failed|open failed/i.test(said)
        ? `Is the server running there, and does its API listen on port ${apiPort}?`
        : "Does `ssh` itself get there?",
    });
  };
  return async () => {
    const { shared } = options;
    if (shared !== undefined && !(await isListening(shared))) {
      // This one may ask for a passphrase. It is opened and closed, and leaves the connection that others share.
      const first = pipeThrough(argv(options), terminal.env);
      // An ssh that has ended before this breaks its pipe; what it said is what tells.
      first.stream.on("error", () => undefined);
      first.stream.end();
      first.stream.resume();
      const failure = await failureOf(first);
      if (failure !== undefined) throw failure;
    }
    // Apart from the terminal: a Ctrl-C is for the command at the other end, and ssh would die of it.
    const piped = pipeThrough(argv(options), terminal.env, shared !== undefined);
    return { stream: piped.stream, failure: () => failureOf(piped) };
  };
}

/** Whether somebody is at the other end of the socket. */
function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => {
    socket.destroy();
    resolve(true);
  });
  socket.on("error", () => resolve(false));
  return promise;
}

function lastLines(said: string): string[] {
  return printable(said)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-5);
}
