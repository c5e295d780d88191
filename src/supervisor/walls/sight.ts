/**
 * What the kernel tells of a network to whoever asks in /proc/net: all sockets and connections of all who share it, as apps
 * do with the host (docs/adr/0005). Its entries have an owner, a group and a mode like files, each network its own, the same
 * in every mount of procfs. So all apps are in one group, and that group alone may not read them: to others they are as before.
 */
import { chmodSync, chownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What programs ask for that want to know the host's addresses, routes and counters, and tells of nobody's connections. */
const shown: ReadonlySet<string> = new Set(
  `anycast6 arp bonding dev dev_mcast dev_snmp6 fib_trie fib_triestat if_inet6 igmp igmp6 ipv6_route netstat protocols
  psched route rt6_stats rt_acct snmp snmp6 sockstat sockstat6 softnet_stat stat tls_stat vlan wireless xfrm_stat`
    .trim()
    .split(/\s+/),
);

const others = 0o007;
const group = 0o070;

/**
 * Closes all entries of `directory` but those for the group, where they are not, a new one that a module of the kernel has
 * brought among them. Answers with the names of those that its members can read still, and how many had to be closed.
 */
export function closeSight(gid: number, directory: string): { readonly open: string[]; readonly closed: number } {
  const names = readdirSync(directory).filter((name) => !shown.has(name));
  const open = names.filter((name) => isOpen(gid, join(directory, name)));
  const left = open.filter((name) => {
    const path = join(directory, name);
    try {
      const { uid, mode } = lstatSync(path);
      chownSync(path, uid, gid);
      chmodSync(path, mode & 0o707);
    } catch {
      // Who may not change it finds it open.
    }
    return isOpen(gid, path);
  });
  return { open: left, closed: open.length - left.length };
}

/** Whether anything of it is closed to this group. */
export function isSightClosed(gid: number, directory: string): boolean {
  return readdirSync(directory).some((name) => {
    return lstatSync(join(directory, name), { throwIfNoEntry: false })?.gid === gid;
  });
}

/** Where others could not read one, neither could an app, and its group is not ours. */
function isOpen(gid: number, path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & others) === 0) return false;
  return found.gid !== gid || (found.mode & group) !== 0;
}
