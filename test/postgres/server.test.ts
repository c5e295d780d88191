import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

test("a server goes with its directory when the process that started it is killed", async (t) => {
  const text = `
    const { startPostgres } = await import(${JSON.stringify(new URL("server.ts", import.meta.url).href)});
    const server = await startPostgres();
    console.log(await server.createDatabase());
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const dir = new URL(url).searchParams.get("host") ?? "";
  assert.match(dir, /^\/tmp\/hop3-pg-/);
  await access(dir);
  child.kill("SIGKILL");
  const deadline = Date.now() + 20_000;
  while (await exists(dir)) {
    assert.ok(Date.now() < deadline, `${dir} is still there`);
    await delay(50);
  }
});

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
