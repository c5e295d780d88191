/**
 * IP addresses by where they lead: out to the public network, or to what is near (this host, its neighbours, the cloud's
 * metadata). Of IPv4 what IANA's registry of special purposes names is not public; of IPv6 only 2000::/3 is, without
 * what is set aside in it or carries an IPv4 address (https://www.iana.org/assignments/iana-ipv6-special-registry/).
 */
import { BlockList, isIP } from "node:net";
import { AppError } from "./errors.ts";
import { quote } from "./names.ts";

/** A set of networks, asked by address. */
export type Networks = { has(address: string): boolean };

const nearV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
const nearV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

const near = networksOf([...nearV4, ...nearV6]);
const globalV6 = networksOf(["2000::/3"]);

/** False for what is no address at all. */
export function isPublicAddress(address: string): boolean {
  const kind = isIP(address);
  if (kind === 4) return !near.has(address);
  return kind === 6 && globalV6.has(address) && !near.has(address);
}

/** From `10.0.0.0/8, 127.0.0.1`: an address alone is a network of one. Throws INVALID_INPUT that starts with `what`. */
export function parseNetworks(text: string, what: string): Networks {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  for (const word of words) {
    if (networkOf(word) !== undefined) continue;
    throw new AppError("INVALID_INPUT", `${what} has ${quote(word)}, which is no network.`, {
      hint: "Write networks as 10.1.0.0/16 or fd00::/8, addresses as 10.1.2.3, with commas between.",
    });
  }
  return networksOf(words);
}

function networksOf(words: readonly string[]): Networks {
  const list = new BlockList();
  for (const word of words) {
    const found = networkOf(word);
    if (found !== undefined) list.addSubnet(found.address, found.bits, found.kind);
  }
  return {
    has: (address) => {
      const kind = isIP(address);
      return kind !== 0 && list.check(address, kind === 4 ? "ipv4" : "ipv6");
    },
  };
}

function networkOf(word: string): { address: string; bits: number; kind: "ipv4" | "ipv6" } | undefined {
  const [, address = "", bits] = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(word) ?? [];
  const kind = isIP(address);
  const most = kind === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  if (kind === 0 || length > most) return undefined;
  return { address, bits: length, kind: kind === 4 ? "ipv4" : "ipv6" };
}
