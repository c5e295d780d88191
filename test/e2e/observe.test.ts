/** What a person and Prometheus see of apps that run and of one that keeps ending, by the real client and API. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { parseExposition, valueOf } from "../exposition-grammar.ts";
import { deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
  const source = join(platform.base, "source");
  mkdirSync(source);
  // It is up when it is deployed, and from then on for two seconds each time.
  writeFileSync(join(source, "Procfile"), "steady: exec sleep 1000\nflaky: echo I cannot; sleep 2; exit 3\n");
  await deployLive(platform, source, "shop");
});
after(() => platform.stop());

async function client(...line: string[]): Promise<string> {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line];
  const { exitCode, stdout, stderr } = await exec(argv, {
    cwd: platform.base,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: platform.base,
      HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
      HOP3_API_TOKEN: platform.token,
    },
  });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function metrics(token = platform.token) {
  const answer = await fetch(`${platform.apiUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
}

const place = (process: string) => ({ app: "shop", process, instance: `${process}.1` });

describe("what runs on the server", () => {
  it("is told to Prometheus, who has a token", async () => {
    const { status, type, text } = await metrics();
    assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    const found = parseExposition(text);
    const value = (name: string, labels: Record<string, string>) => valueOf(found, name, labels) ?? -1;
    assert.ok(value("hop3_instance_memory_bytes", place("steady")) > 1e5, text);
    assert.ok(value("hop3_instance_open_files", place("steady")) >= 3, text);
    assert.ok(value("hop3_instance_uptime_seconds", place("steady")) > 0, text);
    for (const service of ["supervisor", "hop3d", "caddy"])
      assert.ok(value("hop3_service_memory_bytes", { service }) > 1e7, `${service}\n${text}`);
    assert.ok(value("hop3_app_log_bytes", { app: "shop" }) > 0, text);
    assert.equal((await metrics("wrong")).status, 401);
  });

  it("and keeps ending is a crash loop wherever it is looked at", async () => {
    await eventually("it is a loop", async () => (await client("apps")).includes("flaky.1: exit 3"), 60_000);
    const apps = await client("apps");
    assert.match(apps, /CRASH LOOP\n/);
    assert.match(apps, /shop +degraded .*flaky\.1: exit 3, restarted [23] times in a row/);
    const status = await client("status", "--app", "shop");
    assert.match(status, /flaky\.1 is in a crash loop: exit 3, restarted \d times in a row/);
    assert.match(status, /`hop3 logs --app shop --process flaky\.1` tells more/);
    assert.match(status, /flaky\.1 +crash loop/);
    assert.match(status, /steady\.1 +running +1 +\d+ +(\d+m )?\d+s +0 /);
    assert.match(await client("ps", "--app", "shop"), /flaky\.1 is in a crash loop/);
    const { text } = await metrics();
    assert.equal(valueOf(parseExposition(text), "hop3_instance_crash_looping", place("flaky")), 1);
    assert.equal(valueOf(parseExposition(text), "hop3_app_state", { app: "shop", state: "degraded" }), 1);
    assert.match(await client("logs", "--app", "shop", "--process", "flaky", "--lines", "1"), /I cannot/);
  });
});
