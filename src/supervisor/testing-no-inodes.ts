/** For tests, in a process and a mount namespace of its own: a supervisor whose file system runs out of inodes, and has them again. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, makeBench, serverCommand } from "./bench.ts";

/** Fails when anything that serves is lost, or does not come back when there is room. */
export async function runOutOfInodes(): Promise<void> {
  const bench = makeBench();
  const { layout, client } = bench;
  mkdirSync(layout.root, { recursive: true });
  execFileSync("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=32m,nr_inodes=600,mode=700", "tmpfs", layout.root]);
  try {
    const supervisor = await bench.start();
    for (const release of [1, 2]) bench.release("blog", release, { web: { command: serverCommand("unix", "one") } });
    const start = async (release: number) => {
      await client.call("app.start", { app: "blog", release });
      return client.call("app.await", { app: "blog", release, timeout: 30 });
    };
    const live = async () => (await client.call("status", {})).apps[0]?.instances.find((one) => one.release === 1);
    assert.equal((await start(1)).ready, true);
    await client.call("app.cutover", { app: "blog", release: 1 });
    const before = await live();

    const ballast = join(layout.root, "ballast");
    mkdirSync(ballast);
    const left = () => statfsSync(layout.root).ffree;
    for (let file = 0; left() > 0; file += 1) writeFileSync(join(ballast, String(file)), "");
    await assert.rejects(start(2), { code: "DISK_FULL" });
    assert.deepEqual(await live(), before);
    // What crashes now cannot be started, and is tried again: it is back as soon as there is room.
    process.kill(before?.pid ?? assert.fail(), "SIGKILL");
    await eventually(
      async () => /could not be started/.test((await live())?.lastExit ?? ""),
      "it cannot be started",
      30_000,
    );
    rmSync(ballast, { recursive: true });
    await eventually(async () => (await live())?.state === "ready", "it is back", 30_000);
    assert.equal((await start(2)).ready, true);
    await supervisor.stop();
  } finally {
    execFileSync("/usr/bin/umount", ["--lazy", layout.root]);
    await bench.clean();
  }
}

/** Arguments that run it on Node, after those of `unshare`. */
export function outOfInodesArgv(): string[] {
  const file = JSON.stringify(import.meta.url);
  const code = `(await import(${file})).${runOutOfInodes.name}().then(() => process.exit(0))`;
  return [process.execPath, "--input-type=module", "-e", code];
}
