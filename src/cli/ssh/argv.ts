/** What the system's ssh is called with. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { canAsk } from "../prompt.ts";
import type { Terminal } from "../terminal.ts";
import type { Destination } from "./destination.ts";

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
    "-oConnectTimeout=15",
    "-oServerAliveInterval=15",
    "-oServerAliveCountMax=4",
    ...(batch ? ["-oBatchMode=yes"] : []),
    // The next command within a minute needs no handshake.
    `-oControlMaster=${sharing}`,
    `-oControlPath=${shared ?? "none"}`,
    ...(shared === undefined ? [] : ["-oControlPersist=60"]),
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
