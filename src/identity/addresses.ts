/** Addresses and networks that a credential may be used from. */
import { BlockList, isIP } from "node:net";

/** An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.1`) is that address. */
function plain(address: string): string {
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
}

function parse(network: string): { readonly address: string; readonly prefix: number } | undefined {
  const [given = "", bits, more] = network.split("/");
  const address = plain(given);
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes("%")) return undefined;
  const most = family === 4 ? 32 : 128;
  if (bits === undefined) return { address, prefix: most };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most && given === address
    ? { address, prefix: Number(bits) }
    : undefined;
}

/** Whether it reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1` or `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/** Whether every address of the one network is in the other. */
export function isNetworkIn(inner: string, outer: string): boolean {
  const [narrow, wide] = [parse(inner), parse(outer)];
  return (
    narrow !== undefined && wide !== undefined && narrow.prefix >= wide.prefix && isAddressIn(narrow.address, outer)
  );
}

/** False for an address or a network that is none. */
export function isAddressIn(address: string, network: string): boolean {
  const parsed = parse(network);
  const client = plain(address);
  const family = isIP(client);
  if (parsed === undefined || family === 0 || isIP(parsed.address) !== family) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(parsed.address, parsed.prefix, type);
  return list.check(client, type);
}
