import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aboveCeiling, heapOf, limitsOf, notEnforced } from "./app-limits.ts";
import { readLimits } from "./read-limits.ts";

const mebi = 1024 * 1024;

describe("the limits of an app", () => {
  it("are read for the app and for its process types", () => {
    const section = {
      memory: "1G",
      cpu: 2,
      "open-files": 4096,
      disk: "2G",
      inodes: 10_000,
      web: { memory: "512M", cpu: 0.5 },
      worker: { processes: 20n },
    };
    const { limits, problems } = readLimits(section);
    assert.deepEqual(problems, []);
    assert.deepEqual(limits.app, {
      memory: 1024 * mebi,
      cpu: 2,
      openFiles: 4096,
      disk: 2048 * mebi,
      inodes: 10_000,
    });
    assert.deepEqual(limitsOf(limits, "web"), { memory: 512 * mebi, cpu: 0.5, openFiles: 4096 });
    assert.deepEqual(limitsOf(limits, "worker"), { processes: 20, openFiles: 4096 });
    assert.deepEqual(limitsOf(limits, "constructor"), { openFiles: 4096 });
  });

  for (const [written, bytes] of [
    ["512M", 512 * mebi],
    ["512 MiB", 512 * mebi],
    ["1.5g", 1536 * mebi],
    ["64MB", 64 * mebi],
    [134217728, 128 * mebi],
    ["16384K", 16 * mebi],
  ] as const) {
    it(`take ${written} as ${bytes} bytes`, () => {
      assert.deepEqual(readLimits({ memory: written }).limits.app, { memory: bytes });
    });
  }

  for (const [what, section, path] of [
    ["a size without a number", { memory: "much" }, "limits.memory"],
    ["a size that is too small to start", { memory: "1M" }, "limits.memory"],
    ["a size below nothing", { memory: "-512M" }, "limits.memory"],
    ["a list", { memory: ["512M"] }, "limits.memory"],
    ["no processor", { cpu: 0 }, "limits.cpu"],
    ["not a number of processors", { cpu: Number.NaN }, "limits.cpu"],
    ["half a process", { processes: 20.5 }, "limits.processes"],
    ["a key that is not known", { memroy: "512M" }, "limits.memroy"],
    ["a key that is not known of a type", { web: { disk: "1G" } }, "limits.web.disk"],
    ["a table that is no process type", { "We b": { memory: "512M" } }, "limits.We b"],
    ["a type that may take more than its app", { memory: "256M", web: { memory: "512M" } }, "limits.web.memory"],
    ["a mode that is none", { mode: "lenient" }, "limits.mode"],
    ["a table in place of the mode", { mode: { memory: "64M" } }, "limits.mode"],
    ["a table in place of a size", { memory: { web: "64M" } }, "limits.memory"],
    ["a value in place of the table", "512M", "limits"],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.deepEqual(
        readLimits(section).problems.map((one) => one.path.join(".")),
        [path],
      );
    });
  }

  it("are held against the server's ceiling, each by name", () => {
    const { limits } = readLimits({ memory: "4G", cpu: 1, web: { processes: 5000 } });
    assert.deepEqual(aboveCeiling(limits, { memory: 2048 * mebi, cpu: 2, processes: 1000 }), [
      "The app asks for memory = 4096M; this server gives at most 2048M.",
      "web asks for processes = 5000; this server gives at most 1000.",
    ]);
    assert.deepEqual(aboveCeiling(limits, {}), []);
  });

  it("say what of them is not enforced, once a kind", () => {
    const { limits } = readLimits({ mode: "best-effort", cpu: 2, web: { cpu: 1 }, worker: { memory: "64M" } });
    assert.equal(limits.bestEffort, true);
    assert.deepEqual(notEnforced(limits, { cpu: "no such cgroups.", disk: "no quota." }), [
      "The limit cpu is not enforced: no such cgroups.",
    ]);
  });

  it("leave room beside V8's heap", () => {
    assert.deepEqual(
      [64, 128, 512, 2048].map((size) => heapOf(size * mebi)),
      [32, 96, 384, 1536],
    );
  });
});
