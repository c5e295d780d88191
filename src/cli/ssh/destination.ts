/** Where an `ssh://user@host:port` address leads, and what the system's ssh is called with to get there. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { canAsk } from "../prompt.ts";
import type { Terminal } from "../terminal.ts";

export type Destination = {
  /** `user@host` or `host`. */
  readonly target: string;
  readonly port: number | undefined;
};

/** A name or address, as ssh takes them: nothing that could be a flag, a command or part of one. */
const host = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})$|^\[[0-9A-Fa-f:.]{2,45}\]$/;
const user = /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/;

/** `user@host`, `user@host:22` or `ssh://user@host:22`. Throws USAGE. */
export function parseDestination(text: string): Destination {
  const [, name, where = "", port] =
    /^(?:ssh:\/\/)?(?:([^@/]*)@)?(\[[^\]/]*\]|[^@/:]*)(?::([0-9]{1,5}))?\/?$/.exec(text) ?? [];
  const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536);
  if (!host.test(where) || (name !== undefined && !user.test(name)) || !isPort) {
    throw new AppError("USAGE", `${quote(text)} is no address for ssh.`, {
      hint: "Write it as user@host, or ssh://user@host:22.",
    });
  }
  const bare = where.replace(/^\[|\]$/g, "");
  return {
    target: name === undefined ? bare : `${name}@${bare}`,
    port: port === undefined ? undefined : Number(port),
  };
}

/** As an address that is kept: `ssh://user@host`, with a port where one was given. */
export function destinationUrl({ target, port }: Destination): string {
  const at = target.lastIndexOf("@");
  const [name, where] = [target.slice(0, at + 1), target.slice(at + 1)];
  return `ssh://${name}${where.includes(":") ? `[${where}]` : where}${port === undefined ? "" : `:${port}`}`;
}

export type SshOptions = {
  readonly key: string | undefined;
  /** Nobody can be asked for a passphrase. */
  readonly batch: boolean;
  /** Socket of the connection that commands share; undefined where its path would be too long for one. */
  readonly shared: string | undefined;
};

/** Up to the destination and with it; what ssh should do there follows. */
export function sshArgv(
  { target, port }: Destination,
  { key, batch, shared }: SshOptions,
  ...more: string[]
): string[] {
  const sharing = shared === undefined ? "no" : "auto";
  return [
    "ssh",
    "-T",
    ...["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"],
    ...(batch ? ["-o", "BatchMode=yes"] : []),
    // The next command within a minute needs no handshake.
    ...["-o", `ControlMaster=${sharing}`, "-o", `ControlPath=${shared ?? "none"}`],
    ...(shared === undefined ? [] : ["-o", "ControlPersist=60"]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(key === undefined ? [] : ["-i", key]),
    ...more,
    "--",
    target,
  ];
}

/** A socket's path may have 108 bytes, and ssh makes it with a suffix of 17. */
const pathMax = 108 - 17 - 1;

export function sshOptions(destination: Destination, terminal: Terminal, key: string | undefined): SshOptions {
  const { env, home } = terminal;
  const directory = join(env["XDG_RUNTIME_DIR"] || join(home, ".cache"), "hop3");
  const id = createHash("sha256")
    .update(JSON.stringify([destination, key]))
    .digest("hex");
  const path = join(directory, `ssh-${id.slice(0, 16)}`);
  const isUsable = path.length <= pathMax && !/[%\s"]/.test(path) && makePrivate(directory);
  return { key, batch: !canAsk(terminal), shared: isUsable ? path : undefined };
}

function makePrivate(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}
