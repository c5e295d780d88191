/**
 * Where a request comes from. On a TCP address that is who has connected, whatever headers say; on the socket that only
 * the edge can reach it is the last hop of X-Forwarded-For, which the edge itself has written (plugins/caddy/admin-route.ts).
 * Nothing else that a client can write - Forwarded, X-Real-IP, any name with underscores - is looked at anywhere.
 */
import { isIP } from "node:net";

/** What a request came in by. */
export type Listener = "tcp" | "edge";

export type Arrival = {
  readonly listener?: Listener | undefined;
  readonly incoming?: {
    readonly socket?: { readonly remoteAddress?: string | undefined };
    readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  };
};

/** An IP address as it is written shortest; null when there is no connection, or the edge did not say one. */
export function clientAddress({ listener = "tcp", incoming }: Arrival): string | null {
  if (listener === "tcp") return plain(incoming?.socket?.remoteAddress);
  const hops = String(incoming?.headers?.["x-forwarded-for"] ?? "").split(",");
  return plain(hops.at(-1)?.trim());
}

/**
 * What requests are counted by: an IPv4 address, or the first 64 bits of an IPv6 address, because whoever has one of these
 * addresses has all of them.
 */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = "", right] = address.split("::");
  const head = left.split(":").filter((part) => part !== "");
  const tail = (right ?? "").split(":").filter((part) => part !== "");
  const zeros = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

function plain(text: string | undefined): string | null {
  if (text === undefined) return null;
  // A link-local address's zone is this host's own word for it.
  const address = text.replace(/%.*$/, "");
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (isIP(mapped ?? address) === 4) return mapped ?? address;
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : null;
}
