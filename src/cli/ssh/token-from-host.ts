/**
 * A token by way of the host: whoever may log in there and has a login to its server may make one, and that is done with the
 * `hop3` of that host, over ssh.
 */
import { text } from "node:stream/consumers";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { printable } from "#core/printable.ts";
import { pipeThrough } from "#sys/attached-process.ts";
import type { Terminal } from "../terminal.ts";
import { sshArgv, sshOptions } from "./argv.ts";
import type { Destination } from "./destination.ts";

export type FromHost = { readonly token: string; readonly apiPort: number };

/** Under which `npm start` and `hop3 server install` register a server for the person of its host. */
const localServer = "local";

/** What the remote shell is given must mean nothing else to it. */
const safeWord = /^[A-Za-z0-9_./~+-]{1,200}$/;

/** `hop3` is the path of hop3 on the host. Throws UNREACHABLE, UNAVAILABLE with what the host said, USAGE. */
export async function tokenFromHost(
  destination: Destination,
  { key, hop3 }: { readonly key: string | undefined; readonly hop3: string },
  terminal: Terminal,
): Promise<FromHost> {
  if (!safeWord.test(hop3)) throw new AppError("USAGE", `${quote(hop3)} is no path that can be given to the host.`);
  const options = sshOptions(destination, terminal, key);
  const ask = async (...words: string[]): Promise<Record<string, unknown>> => {
    const command = [hop3, ...words, "--server", localServer, "--json"].join(" ");
    const { stream, ended } = pipeThrough([...sshArgv(destination, options), command], terminal.env);
    stream.end();
    const answer = await text(stream).catch(() => "");
    const { exitCode, said } = await ended;
    return dataOf(answer, exitCode, said, hop3);
  };
  const { url } = await ask("server", "show", localServer);
  const { secret } = await ask("token", "create", "ssh-login");
  const apiPort = Number(URL.parse(String(url))?.port);
  if (typeof secret !== "string" || !(apiPort > 0))
    throw new AppError("UNAVAILABLE", "What hop3 of that host answers makes no sense.", { hint: versions });
  return { token: secret, apiPort };
}

const versions = "Is it of the same version? Else give a token with --token-stdin or --token-file.";

function dataOf(answer: string, exitCode: number | null, said: string, hop3: string): Record<string, unknown> {
  const details = printable(said)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-5);
  if (exitCode === 255) {
    throw new AppError("UNREACHABLE", "ssh does not get there.", { details, hint: "Does `ssh` itself get there?" });
  }
  if (exitCode === 127 || exitCode === 126) {
    throw new AppError("UNAVAILABLE", `There is no ${quote(hop3)} on that host for who logs in so.`, {
      details,
      hint: "Name it with --remote-hop3, or give a token with --token-stdin or --token-file.",
    });
  }
  try {
    const { status, data, error } = JSON.parse(answer) as Record<string, unknown>;
    if (status === "ok" && typeof data === "object" && data !== null) return data as Record<string, unknown>;
    const { message, suggestion } = error as { message: unknown; suggestion: unknown };
    throw new AppError("UNAVAILABLE", `The hop3 of that host says: ${printable(String(message))}`, {
      hint: printable(String(suggestion)),
    });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("UNAVAILABLE", "What hop3 of that host answers makes no sense.", { details, hint: versions });
  }
}
