/** Where an `ssh://user@host:port` address leads. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

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
