/**
 * Against DNS rebinding: a page whose name resolves to this server's address must not be able to talk to it. A request is
 * taken only when its Host header names the server as its operator does.
 */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws DENIED unless the Host header (its port aside) is a loopback name or one of `hosts` (lower case). */
export function checkHost(header: string | undefined, hosts: ReadonlySet<string>): void {
  const name = (header ?? "").toLowerCase().replace(/:[0-9]{1,5}$/, "");
  if (loopbackNames.has(name) || hosts.has(name)) return;
  throw new AppError("DENIED", `This server does not answer to the name ${quote(name)}.`, {
    hint: "Use the address that the server was started with.",
  });
}
