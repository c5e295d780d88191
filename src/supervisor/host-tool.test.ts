import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostPipe, hostTool } from "./host-tool.ts";

describe("a tool of the host", () => {
  it("gets its input and an environment of ours, and its end is told", async () => {
    const done = await hostTool(["/bin/sh", "-c", 'cat; echo "$HOME-$PATH" >&2; exit 3'], "given");
    assert.deepEqual(done, { status: 3, stdout: "given", stderr: "-/usr/sbin:/usr/bin:/sbin:/bin\n" });
  });

  it("that is missing is told apart from one that fails", async () => {
    await assert.rejects(hostTool(["/usr/bin/no-such-tool"]), { code: "UNAVAILABLE" });
    await assert.rejects(hostTool(["/bin/sh", "-c", "kill -9 $$"]), { code: "UNAVAILABLE" });
  });

  it("that does not read its input is no failure of ours", async () => {
    assert.equal((await hostTool(["/bin/true"], "x".repeat(1 << 20))).status, 0);
  });
});

describe("two tools and a pipe", () => {
  const sh = (line: string) => ["/bin/sh", "-c", line];

  it("hand on what the one writes, however much", async () => {
    const done = await hostPipe(sh("head -c 20000000 /dev/zero"), sh("wc -c"), 20);
    assert.deepEqual([done.status, done.stdout.trim()], [0, "20000000"]);
  });

  it("fail when the writer fails, though the reader is content", async () => {
    const done = await hostPipe(sh("echo half; echo broken >&2; exit 2"), sh("cat >/dev/null"), 20);
    assert.deepEqual([done.status, done.stderr], [2, "broken\n"]);
  });

  it("fail when the reader fails, and the writer ends with it", async () => {
    const done = await hostPipe(sh("cat /dev/zero"), sh("echo full >&2; exit 5"), 20);
    assert.deepEqual([done.status, done.stderr], [5, "full\n"]);
  });

  it("do not last for ever", async () => {
    await assert.rejects(hostPipe(["/bin/sleep", "100"], ["/bin/cat"], 0.2), { code: "UNAVAILABLE" });
  });
});
