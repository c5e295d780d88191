/**
 * The way out for addresses that users choose. A name is resolved once, what it leads to is looked at, and the connection
 * goes to that very address: a name that leads elsewhere a moment later (DNS rebinding) changes nothing.
 */
import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { isPublicAddress, type Networks } from "#core/networks.ts";

export type OutboundRules = {
  /** Networks that are not public and are allowed all the same, by the server's operator. */
  readonly allowed: Networks;
  /** All addresses of a name, as the host resolves it. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
};

/** How this host resolves a name. */
export async function lookupHost(host: string): Promise<readonly string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

/**
 * The one address of `host` (a name, an address, or one in brackets as URLs have it) to connect to. Throws SOURCE_REFUSED
 * when any of its addresses is neither public nor allowed, SOURCE_FAILED when it has none.
 */
export async function pinnedAddress(host: string, { allowed, lookup }: OutboundRules): Promise<string> {
  const plain = host.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(plain) === 0 ? await resolve(plain, lookup) : [plain];
  const [first] = addresses;
  if (first === undefined) throw new AppError("SOURCE_FAILED", `The name ${quote(plain)} has no address.`);
  // One of several is as good as the only one: who answers for the name chooses which comes first.
  if (addresses.every((address) => isPublicAddress(address) || allowed.has(address))) return first;
  // Which address it was is not said: the answer would map the network behind this server.
  throw new AppError("SOURCE_REFUSED", `${quote(plain)} is not on the public network; nothing is fetched from there.`);
}

/** Whether the operator has allowed it: then it is near, and clear text does not leave their network. */
export function isAllowedNear(address: string, { allowed }: OutboundRules): boolean {
  return allowed.has(address);
}

async function resolve(name: string, lookup: OutboundRules["lookup"]): Promise<readonly string[]> {
  try {
    return await lookup(name);
  } catch (cause) {
    throw new AppError("SOURCE_FAILED", `The name ${quote(name)} cannot be resolved.`, { cause });
  }
}
