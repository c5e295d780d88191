/**
 * Quotas of users, where the file system keeps them: each app has a user of its own, who can neither give files away nor
 * make them anybody else's. (A project's quota would not hold: whoever owns a file may take it out of its project.)
 */
import type { WholeLimits } from "#core/app-limits.ts";
import { AppError } from "#core/errors.ts";
import type { HostTool } from "../host-tool.ts";

export type Quota = {
  /** Throws UNAVAILABLE. What is not limited is set free. */
  set(uid: number, limit: WholeLimits): Promise<void>;
};

/** Undefined where the file system of `place` enforces none, or the host lacks the tools (the package `quota`). */
export async function findQuota(
  place: string,
  tool: HostTool,
  has: (path: string) => boolean,
): Promise<Quota | undefined> {
  if (!["/usr/sbin/quotaon", "/usr/sbin/setquota", "/usr/bin/findmnt"].every(has)) return undefined;
  const found = await tool(["/usr/bin/findmnt", "--noheadings", "--output", "OPTIONS,TARGET", "--target", place]);
  const [, options = "", at = ""] = /^(\S+)\s+(\/.*?)\s*$/.exec(found.stdout) ?? [];
  // Without the option ext4 may count for users, and refuse them nothing, which `quotaon` of Debian 12 does not tell apart.
  const isAsked = options.split(",").some((option) => /^(usrquota|uquota|usrjquota=.+)$/.test(option));
  if (found.status !== 0 || !isAsked) return undefined;
  // Its status says nothing.
  const { stdout } = await tool(["/usr/sbin/quotaon", "--print-state", "--user", at]);
  if (!/^user quota on .* is on(?: \(enforced\))?$/m.test(stdout)) return undefined;
  return {
    async set(uid, { disk, inodes }) {
      const kibi = disk === undefined ? 0 : Math.max(1, Math.floor(disk / 1024));
      const most = ["0", String(kibi), "0", String(inodes ?? 0)];
      const done = await tool(["/usr/sbin/setquota", "--user", String(uid), ...most, at]);
      if (done.status === 0) return;
      throw new AppError("UNAVAILABLE", `The quota of user ${uid} cannot be set: ${done.stderr.trim().slice(-300)}`);
    },
  };
}
