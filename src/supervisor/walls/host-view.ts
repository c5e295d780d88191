/** What of the host is seen inside the walls, and where its tools are: read once, so that the rest can be pure. */
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { dirname } from "node:path";

export type HostView = {
  readonly bwrap: string;
  /** `/bin` and the like: links into /usr, by target and place. */
  readonly links: readonly (readonly [target: string, path: string])[];
  /** Those of them that are directories of their own, on a host that was never merged. */
  readonly directories: readonly string[];
  /** Files and directories of /etc that programs look for, as far as the host has them. */
  readonly etc: readonly string[];
  /** Where /etc/resolv.conf leads when it is a link: a directory, for whoever renews it puts a new file in its place. */
  readonly resolver: readonly string[];
};

const top = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/**
 * No more: a host's /etc is full of other services' settings that anybody may read. `passwd` and `group` are made for
 * each app, for the host's would name all others.
 */
const etc = `
  alternatives ca-certificates ca-certificates.conf fonts gai.conf gitconfig gnutls host.conf hostname hosts
  ImageMagick-6 ImageMagick-7 java-8-openjdk java-11-openjdk java-17-openjdk java-21-openjdk
  ld.so.cache ld.so.conf ld.so.conf.d ld.so.preload locale.alias localtime magic mime.types networks nsswitch.conf
  os-release perl php pki protocols python3 resolv.conf rpc services ssl terminfo timezone xdg`
  .trim()
  .split(/\s+/)
  .map((name) => `/etc/${name}`);

/** Directories that may hold the resolver's settings and nothing else that matters. */
const resolvers = ["/run/systemd/resolve", "/run/resolvconf"];

/** `root` stands for `/` in tests. Throws ENOENT without bwrap: missing.ts says so before. */
export function readHostView(root = ""): HostView {
  const isLink = (path: string): boolean =>
    lstatSync(`${root}${path}`, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const present = top.filter((path) => existsSync(`${root}${path}`));
  const leadsTo = existsSync(`${root}/etc/resolv.conf`) ? dirname(realpathSync(`${root}/etc/resolv.conf`)) : "";
  const resolver = resolvers.filter((directory) => leadsTo === `${root}${directory}`);
  return {
    bwrap: realpathSync(`${root}/usr/bin/bwrap`).slice(root.length),
    links: present.filter(isLink).map((path) => [readlinkSync(`${root}${path}`), path]),
    directories: present.filter((path) => !isLink(path)),
    etc: etc.filter((path) => existsSync(`${root}${path}`)),
    resolver,
  };
}
