/**
 * Remotes of the repository that a directory lies in which lead to a Hop3 server, read from its config without running git:
 * `[remote "hop3-prod"] url = hop3@hop3.example.com:blog`. The remote's name says the context, its address server and app.
 */
import { dirname, join, resolve } from "node:path";
import { isAppName } from "#core/names.ts";
import { readIfThere } from "./find-up.ts";

export type Remote = {
  /** `prod` of a remote `hop3-prod`; undefined for one that is just `hop3`. */
  readonly context: string | undefined;
  /** `hop3-prod`, as git has it. */
  readonly remote: string;
  /** Lower case, no port. */
  readonly host: string;
  readonly app: string;
};

const remoteName = /^hop3(?:-([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?$/;

/** None where there is no repository. Included files are not read. */
export function gitRemotes(directory: string): readonly Remote[] {
  const config = configOf(directory);
  if (config === undefined) return [];
  const found: Remote[] = [];
  for (const [remote, url] of remoteUrls(config)) {
    const named = remoteName.exec(remote);
    const target = named === null ? undefined : remoteTarget(url);
    if (target !== undefined) found.push({ context: named?.[1], remote, ...target });
  }
  return found;
}

/** `user@host:app`, `ssh://user@host:22/app`, `https://host/git/app`, with or without `.git`; undefined for what is none. */
export function remoteTarget(url: string): { host: string; app: string } | undefined {
  const short = /^(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(?!\/\/)\/?([^\s]+)$/.exec(url);
  const long = short === null ? URL.parse(url) : null;
  if (long !== null && !/^(ssh|https?):$/.test(long.protocol)) return undefined;
  const host = (short?.[1] ?? long?.hostname ?? "").toLowerCase();
  const path = short?.[2] ?? long?.pathname ?? "";
  const app = (path.split("/").at(-1) ?? "").replace(/\.git$/, "");
  return host !== "" && isAppName(app) ? { host, app } : undefined;
}

/** The text of the repository's config; of a worktree or submodule, whose `.git` is a file, that of where it leads. */
function configOf(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const own = readIfThere(join(at, ".git/config"));
    if (own !== undefined) return own;
    const link = readIfThere(join(at, ".git"));
    if (link !== undefined) {
      const led = /^gitdir: (.+)$/m.exec(link)?.[1];
      if (led === undefined) return undefined;
      const gitDirectory = resolve(at, led.trim());
      const common = readIfThere(join(gitDirectory, "commondir"))?.trim() ?? ".";
      return readIfThere(join(resolve(gitDirectory, common), "config"));
    }
    if (at === dirname(at)) return undefined;
  }
}

/** Each remote's first address, in the order of the file. */
function remoteUrls(config: string): Map<string, string> {
  const urls = new Map<string, string>();
  let remote: string | undefined;
  for (const line of config.replaceAll(/\\\r?\n/g, "").split(/\r?\n/)) {
    const section = /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*(.*)$/.exec(line);
    if (section !== null) remote = section[1]?.toLowerCase() === "remote" ? unescape(section[2] ?? "") : undefined;
    const value = /^\s*url\s*=\s*(.*)$/i.exec(section === null ? line : (section[3] ?? ""))?.[1];
    if (remote !== undefined && value !== undefined && !urls.has(remote)) urls.set(remote, plain(value));
  }
  return urls;
}

/** A value without its quotes, escapes and comment. */
function plain(value: string): string {
  const parts = value.match(/"(?:[^"\\]|\\.)*"|\\.|[^"#;\\]+|[#;].*$/g) ?? [];
  return parts
    .filter((part) => !/^[#;]/.test(part))
    .map((part) => unescape(part.startsWith('"') ? part.slice(1, -1) : part))
    .join("")
    .trim();
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}
