/**
 * Against DNS rebinding: a page whose name resolves to this server's address must not be able to talk to it. A request is
 * taken only when its Host header names the server as its operator does.
 */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

export type KnownHosts = {
  /** Whether the names of this machine are its own. */
  readonly loopback: boolean;
  /** Others, in lower case. */
  readonly hosts: ReadonlySet<string>;
};

/** Throws DENIED unless the Host header (its port aside) is one of these, INVALID_INPUT for none at all. */
export function checkHost(header: string | undefined, { loopback, hosts }: KnownHosts): void {
  if (header === undefined) throw new AppError("INVALID_INPUT", "The request has no Host header.");
  const name = header.toLowerCase().replace(/:[0-9]{1,5}$/, "");
  if ((loopback && loopbackNames.has(name)) || hosts.has(name)) return;
  throw new AppError("DENIED", `This server does not answer to the name ${quote(name)}.`, {
    hint: "Use the address that the server was started with.",
  });
}
