import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CgroupTree } from "../cgroup/detect.ts";
import { isProgram, missingWalls, needed, type HostFacts } from "./missing.ts";

const base = "/sys/fs/cgroup/hop3";
const cgroups: CgroupTree = {
  version: 2,
  bases: { memory: base, cpu: base, pids: base },
  unified: base,
  top: "/sys/fs/cgroup",
};
const whole: HostFacts = { arch: "x64", has: () => true, cgroups, landlock: 6, ports: true, open: [] };
const walls = (facts: Partial<HostFacts>) => missingWalls({ ...whole, ...facts }).map(({ wall }) => wall);

describe("the walls that a host lacks", () => {
  it("are none where all is there", () => {
    assert.deepEqual(walls({}), []);
  });

  it("are named one by one", () => {
    assert.deepEqual(walls({ arch: "riscv64" }), ["system-calls"]);
    assert.deepEqual(walls({ ports: false }), ["ports"]);
    assert.deepEqual(walls({ open: ["tcp", "unix"] }), ["sight"]);
    assert.deepEqual(walls({ landlock: 5 }), ["abstract-sockets"]);
    assert.deepEqual(walls({ landlock: 0 }), ["abstract-sockets", "run-directory"]);
    assert.deepEqual(walls({ cgroups: undefined }), ["loopback", "memory", "cpu", "processes"]);
    assert.deepEqual(walls({ cgroups: { ...cgroups, bases: { memory: base } } }), ["cpu", "processes"]);
    assert.deepEqual(walls({ cgroups: { version: 1, bases: cgroups.bases, unified: undefined, top: undefined } }), [
      "loopback",
    ]);
  });

  for (const { path, packageName } of needed) {
    it(`say which package has ${path}, without which nothing is started`, () => {
      const [found, ...more] = missingWalls({ ...whole, has: (asked) => asked !== path });
      assert.deepEqual(more, []);
      assert.match(found?.message ?? "", new RegExp(`^Apps are not started: .* ${packageName}\\.$`));
    });
  }

  it("without nftables are those of the loopback", () => {
    assert.deepEqual(walls({ has: (path) => path !== "/usr/sbin/nft" }), ["loopback"]);
  });

  it("are asked of the host's files", () => {
    assert.equal(isProgram("/bin/sh"), true);
    assert.equal(isProgram("/proc/version"), false);
    assert.equal(isProgram("/bin/no-such-program"), false);
  });
});
