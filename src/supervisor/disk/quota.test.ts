/** With the host's tools played; that a real file system refuses the write was seen in a virtual machine (docs/adr/0009). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppLimits } from "#core/app-limits.ts";
import type { HostTool } from "../host-tool.ts";
import { leapingClock } from "../testing-clock.ts";
import { DiskAllowed } from "./disk-allowed.ts";
import { findQuota } from "./quota.ts";
import { QuotaLimits } from "./quota-limits.ts";

const mebi = 1024 * 1024;

/** A host whose `quotaon` says this of /srv; what was set is kept. */
function host(state: string, set: string[][] = [], options = "rw,quota,usrquota"): HostTool {
  return async ([file = "", ...args]) => {
    const stdout = file.endsWith("findmnt") ? `${options} /srv\n` : file.endsWith("quotaon") ? state : "";
    if (file.endsWith("setquota")) set.push(args);
    return { status: file.endsWith("quotaon") ? 1 : 0, stdout, stderr: "" };
  };
}

describe("a file system with quotas of users", () => {
  for (const [state, isFound] of [
    ["group quota on /srv (/dev/vdb) is off\nuser quota on /srv (/dev/vdb) is on\n", true],
    ["user quota on /srv (/dev/vdb) is on (enforced)\n", true],
    ["user quota on /srv (/dev/vdb) is on (accounting)\n", false],
    ["user quota on /srv (/dev/vdb) is off\n", false],
    ["project quota on /srv (/dev/vdb) is on (enforced)\n", false],
    ["", false],
  ] as const) {
    it(`is ${isFound ? "used" : "not used"} when it says: ${state.trim()}`, async () => {
      assert.equal((await findQuota("/srv/apps", host(state), () => true)) !== undefined, isFound);
    });
  }

  for (const [options, isFound] of [
    ["rw,attr2,inode64,usrquota", true],
    ["rw,usrjquota=aquota.user,jqfmt=vfsv1", true],
    ["rw,quota", false],
    ["rw,uqnoenforce", false],
  ] as const) {
    it(`is ${isFound ? "used" : "not used"} when it is mounted ${options}, though users are counted`, async () => {
      const found = await findQuota("/srv/apps", host("user quota on /srv (x) is on\n", [], options), () => true);
      assert.equal(found !== undefined, isFound);
    });
  }

  it("is not used where the host lacks the tools", async () => {
    const without = (path: string) => !path.endsWith("setquota");
    assert.equal(await findQuota("/srv/apps", host("user quota on /srv (x) is on\n"), without), undefined);
  });

  it("is told the most of what runs and is built, once, and less when that has gone", async () => {
    const set: string[][] = [];
    const quota = await findQuota("/srv/apps", host("user quota on /srv (x) is on\n", set), () => true);
    assert.ok(quota !== undefined);
    const limits = (disk: number): AppLimits => ({ app: { disk, inodes: 500 }, types: {} });
    let running = [limits(64 * mebi).app];
    const clock = leapingClock(0);
    const most = ({ app }: AppLimits) => app;
    const allowed = new DiskAllowed({ clock, allowed: most, releases: () => running });
    const log = () => undefined;
    const disks = new QuotaLimits({ quota, allowed, most, apps: () => ["blog"], uid: () => 70_001, clock, log });
    const user = ["--user", "70001"];
    await disks.admit("blog", limits(32 * mebi));
    await disks.admit("blog", limits(64 * mebi));
    assert.deepEqual(set, [[...user, "0", "65536", "0", "500", "/srv"]]);
    await disks.admitBuild("blog", { app: {}, types: {} });
    assert.deepEqual(set.at(-1), [...user, "0", "0", "0", "0", "/srv"]);
    running = [limits(16 * mebi).app];
    clock.leap(16 * 60_000);
    const watching = new AbortController();
    const watched = disks.watch(watching.signal);
    watching.abort();
    await watched;
    assert.deepEqual(set.at(-1), [...user, "0", "16384", "0", "500", "/srv"]);
    assert.equal(set.length, 3);
  });
});
