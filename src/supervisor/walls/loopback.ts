/**
 * The rules that keep apps apart on the loopback, where everything of a host meets (docs/adr/0005): as text for `nft -f -`,
 * which takes all of it or nothing. A sender is told by its user, the socket that it wants to reach by the cgroup of
 * whoever made it: so an app reaches its own ports, whichever they are, and nobody else's.
 */

export type LoopbackApp = {
  readonly uid: number;
  /** Where its cgroup lies, as netfilter takes it. */
  readonly cgroup: NetCgroup;
  /** TCP ports of the host that it may reach besides: its databases. */
  readonly ports: readonly number[];
};

/** A directory of cgroups of version 2, and how deep below its root it lies. */
export type NetCgroup = { readonly path: string; readonly level: number };

/** Family and name of the one table that is ours. */
export const loopbackTable = ["inet", "hop3"] as const;

const usual = "/sys/fs/cgroup/";

/** `directory` below `top` as netfilter names it; undefined for one that it cannot find: it looks at the usual place only. */
export function netCgroup(directory: string | undefined, top: string | undefined): NetCgroup | undefined {
  if (directory === undefined || top === undefined) return undefined;
  if (!`${top}/`.startsWith(usual) || !directory.startsWith(`${top}/`)) return undefined;
  const below = directory.slice(top.length + 1).split("/");
  return { path: directory.slice(usual.length), level: below.length };
}

/** For a sender in the range that has no app: its mark belongs to nobody, so it reaches nothing. */
const nobody = (range: { readonly first: number }): number => range.first - 1;

/**
 * `range` of users; `all` holds every app's cgroup and no other. Loading it replaces what was there. The cgroups must exist.
 */
export function loopbackRules(
  range: { readonly first: number; readonly last: number },
  all: NetCgroup,
  apps: readonly LoopbackApp[],
): string {
  const elements = (lines: readonly string[]): string =>
    lines.length === 0 ? "" : ` elements = { ${lines.join(", ")} };`;
  const own = apps.map(({ uid, cgroup }) => `${uid} . "${cgroup.path}"`);
  const granted = apps.flatMap(({ uid, ports }) => ports.map((port) => `${uid} . ${port}`));
  const marks = `${nobody(range)}-${range.last}`;
  const table = loopbackTable.join(" ");
  return `add table ${table}
delete table ${table}
table ${table} {
  map senders { type uid : mark;${elements(apps.map(({ uid }) => `${uid} : ${uid}`))} }
  set own { typeof meta mark . socket cgroupv2 level ${all.level + 1};${elements(own)} }
  set granted { typeof meta mark . tcp dport;${elements(granted)} }
  chain output {
    type filter hook output priority filter; policy accept;
    meta skuid != ${range.first}-${range.last} accept
    oif lo meta mark set ${nobody(range)}
    oif lo meta mark set meta skuid map @senders
    # A cloud tells its machine's credentials here to whoever asks.
    ip daddr 169.254.0.0/16 counter reject
    ip6 daddr { fe80::/10, fd00:ec2::254 } meta l4proto { tcp, udp } counter reject
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iif lo meta mark ${marks} jump loopback
    # What an app listens on is for the edge, also where it listens on all addresses.
    iif != lo socket cgroupv2 level ${all.level} "${all.path}" tcp flags & (syn | ack) == syn counter drop
  }
  chain loopback {
    tcp flags & (syn | ack) != syn accept
    meta mark . socket cgroupv2 level ${all.level + 1} @own accept
    meta mark . tcp dport @granted accept
    # The host's resolver.
    meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto { icmp, icmpv6 } accept
    meta l4proto tcp counter reject with tcp reset
    counter reject
  }
}
`;
}
