import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryEnv } from "./memory-env.ts";

const memory = 512 * 1024 * 1024;

describe("what a runtime is told of its memory", () => {
  it("is nothing where there is no limit", () => {
    assert.deepEqual(memoryEnv(null, {}), {});
  });

  it("is what each would have read from its cgroup", () => {
    assert.deepEqual(memoryEnv(memory, { PATH: "/bin" }), {
      NODE_OPTIONS: "--max-old-space-size=384",
      JAVA_TOOL_OPTIONS: "-XX:MaxRAM=536870912",
      DOTNET_GCHeapHardLimit: "18000000",
      GOMEMLIMIT: "483183820",
    });
  });

  it("is added to what the app says of other things", () => {
    const told = memoryEnv(memory, { NODE_OPTIONS: "--enable-source-maps", JAVA_TOOL_OPTIONS: "-Dx=1" });
    assert.equal(told["NODE_OPTIONS"], "--enable-source-maps --max-old-space-size=384");
    assert.equal(told["JAVA_TOOL_OPTIONS"], "-Dx=1 -XX:MaxRAM=536870912");
  });

  for (const own of [
    { NODE_OPTIONS: "--max-old-space-size=64" },
    { NODE_OPTIONS: "--no-warnings --max_old_space_size=64" },
    { NODE_OPTIONS: "--max-old-space-size-percentage=50" },
    { JAVA_TOOL_OPTIONS: "-Xmx64m" },
    { JAVA_TOOL_OPTIONS: "-XX:MaxRAM=64m" },
    { DOTNET_GCHeapHardLimit: "4000000" },
    { GOMEMLIMIT: "off" },
  ]) {
    const name = Object.keys(own).join();
    it(`is not what the app itself has said: ${name}=${Object.values(own).join()}`, () => {
      assert.equal(memoryEnv(memory, own)[name], undefined);
    });
  }

  it("is not the heap of .NET where the app gives a share of the host's", () => {
    assert.equal(memoryEnv(memory, { DOTNET_GCHeapHardLimitPercent: "32" })["DOTNET_GCHeapHardLimit"], undefined);
  });
});
