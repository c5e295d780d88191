/** `[limits]` on a platform of user mode, which enforces none: refused before anything is built, or borne and said. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { deployLive } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform.stop());

function write(name: string, toml: string): string {
  const dir = join(platform.base, "apps", name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Procfile"), "build: touch built\nweb: exec python3 -m http.server $PORT --bind 127.0.0.1\n");
  writeFileSync(join(dir, "hop3.toml"), toml);
  return dir;
}

suite("limits in user mode", () => {
  test("are refused by name before the build, and a plan says so, too", async () => {
    const dir = write("strict", '[limits]\nmemory = "64M"\n[limits.web]\ncpu = 0.5\n');
    const result = await platform.deploy(dir, "strict");
    assert.ok(result.outcome === "failed", "it went live");
    const { code, message, details, hint } = result.error;
    assert.equal(code, "LIMIT_NOT_ENFORCED");
    assert.match(message, /^The limit memory is not enforced: this server runs in user mode/);
    assert.deepEqual(details, ["The limit cpu is not enforced: this server runs in user mode, which enforces none."]);
    assert.match(hint, /best-effort/);
    assert.equal(existsSync(platform.layout.buildLog("strict", 1)), false, "something was built");
  });

  test("that the app bears to lack are said of it", async () => {
    await deployLive(platform, write("lenient", '[limits]\nmode = "best-effort"\nprocesses = 50\n'), "lenient");
    const { notes } = (await platform.api("GET", "/apps/lenient")) as { notes: readonly string[] };
    assert.ok(
      notes.includes("The limit processes is not enforced: this server runs in user mode, which enforces none."),
      notes.join("\n"),
    );
  });

  test("of a process that the app does not have are refused", async () => {
    const result = await platform.deploy(write("astray", "[limits.worker]\nprocesses = 50\n"), "astray");
    assert.ok(result.outcome === "failed" && result.error.code === "INVALID_CONFIG");
    assert.match(result.error.message, /\[limits\.worker\] is of a process that the app does not have/);
  });

  test("are why the server's status says whom apps run as", async () => {
    const status = (await platform.api("GET", "/system/status")) as {
      mode: string;
      state: string;
      checks: readonly { name: string; state: string; message: string }[];
    };
    const { username } = userInfo();
    assert.deepEqual([status.mode, status.state], ["user", username === "root" ? "warning" : "ok"]);
    const mode = status.checks.find(({ name }) => name === "mode");
    assert.ok(mode !== undefined);
    assert.match(mode.message, new RegExp(`^User mode: apps run as ${username}, with no walls`));
    assert.deepEqual(
      status.checks.filter(({ name }) => name.startsWith("service ")).map(({ name, state }) => [name, state]),
      [
        ["service caddy", "ok"],
        ["service hop3d", "ok"],
      ],
    );
  });
});
