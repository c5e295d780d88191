import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { beforeEach, describe, it } from "node:test";
import type { AppLimits, WholeLimits } from "#core/app-limits.ts";
import { Refusal } from "../refusal.ts";
import { leapingClock, type LeapingClock } from "../testing-clock.ts";
import { countMs, DiskLimits, lookMs } from "./disk-limits.ts";
import type { DiskUse } from "./usage.ts";

// So much that nobody else on this machine writes as much meanwhile.
const tera = 1024 ** 4;
const limits: AppLimits = { app: { disk: tera }, types: {} };

describe("the disk of an app", () => {
  let clock: LeapingClock;
  let use: DiskUse | undefined;
  let releases: readonly WholeLimits[];
  let took: number;
  let counted: number;
  let ended: string[];
  let disks: DiskLimits;
  beforeEach(() => {
    clock = leapingClock(0);
    [use, releases, took, counted, ended] = [{ bytes: 1, inodes: null }, [limits.app], 0, 0, []];
    disks = new DiskLimits({
      place: tmpdir(),
      clock,
      log: () => undefined,
      apps: () => ["blog"],
      releases: () => releases,
      allowed: ({ app }) => app,
      measure: async () => {
        counted += 1;
        clock.leap(took);
        return use;
      },
      end: async (_, reason) => void ended.push(reason),
    });
  });
  const lookAfter = async (ms: number): Promise<number> => {
    clock.leap(ms);
    await disks.look();
    return counted;
  };
  const refused = (limit: AppLimits) =>
    assert.rejects(disks.admit("blog", limit), (error) => error instanceof Refusal && error.code === "disk");

  it("is counted at once, and then once a minute", async () => {
    assert.deepEqual([await lookAfter(0), await lookAfter(countMs - 1000), await lookAfter(1000)], [1, 1, 2]);
  });

  it("is counted less often when counting takes long", async () => {
    took = 30_000;
    assert.deepEqual([await lookAfter(0), await lookAfter(599_000), await lookAfter(2000)], [1, 1, 2]);
  });

  it("is not counted where there is no limit", async () => {
    releases = [limits.app, {}];
    assert.equal(await lookAfter(0), 0);
  });

  it("is what the largest of its releases may have, and a build for as long as it may go on", async () => {
    use = { bytes: 3 * tera, inodes: null };
    releases = [limits.app, { disk: 2 * tera }];
    await disks.admitBuild("blog", { app: { disk: 4 * tera }, types: {} });
    await lookAfter(0);
    assert.deepEqual(ended, []);
    await lookAfter(15 * 60_000 + 1000);
    assert.equal(ended.length, 1);
    assert.match(ended[0] ?? "", /^it has 3145728M on the disk, and may have 2097152M\.$/);
  });

  it("ends the app once, and again only when it has grown", async () => {
    use = { bytes: tera + 1, inodes: null };
    for (let looks = 0; looks < 3; looks++) await lookAfter(lookMs);
    assert.equal(ended.length, 1);
    use = { bytes: tera + 1024 ** 3, inodes: null };
    await lookAfter(lookMs);
    assert.equal(ended.length, 2);
  });

  it("is too much when it cannot be counted", async () => {
    use = undefined;
    await lookAfter(0);
    assert.deepEqual(ended, ["its files cannot be counted."]);
    await refused(limits);
  });

  it("keeps what is begun from going on, until it is counted to be less", async () => {
    use = { bytes: tera + 1, inodes: null };
    await lookAfter(0);
    await refused(limits);
    await disks.admit("blog", { app: { disk: 2 * tera }, types: {} });
    assert.notEqual(disks.held("blog"), null);
    use = { bytes: tera, inodes: null };
    await disks.admit("blog", limits);
    assert.equal(disks.held("blog"), null);
  });
});
