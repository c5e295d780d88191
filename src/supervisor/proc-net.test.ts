import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { eventually } from "./bench.ts";
import { readProcStat } from "./output/proc-stat.ts";
import { connectionsTo, dialTcp, dialUnix, ownsSocket, tcpListeners } from "./proc-net.ts";

const dir = mkdtempSync(join(tmpdir(), "hop3-net-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dir, { recursive: true });
});

/** A process that listens there, and can be stopped before it accepts anything. */
async function listener(where: string): Promise<ChildProcess> {
  const code = `require('net').createServer(()=>{}).listen(${where},function(){console.log(JSON.stringify(this.address()))})`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGSTOP");
  await eventually(() => readProcStat(child.pid ?? 0)?.state === "T", "stopped");
}

describe("connections that the kernel lists", () => {
  it("on a unix socket count before they are accepted, after, and no more when they have ended", async () => {
    const path = join(dir, "s.sock");
    const child = await listener(JSON.stringify(path));
    await once(child.stdout ?? assert.fail(), "data");
    assert.equal(connectionsTo(dialUnix(path)), 0);
    await stop(child);
    const socket = connect(path);
    await once(socket, "connect");
    assert.equal(connectionsTo(dialUnix(path)), 1);
    child.kill("SIGCONT");
    await eventually(() => connectionsTo(dialUnix(path)) === 1, "accepted");
    socket.destroy();
    await eventually(() => connectionsTo(dialUnix(path)) === 0, "ended");
  });

  it("on a TCP port likewise, and the listener's owner is known", async () => {
    const child = await listener("0,'127.0.0.1'");
    const [chunk] = (await once(child.stdout ?? assert.fail(), "data")) as [Buffer];
    const { port } = JSON.parse(chunk.toString()) as { port: number };
    await stop(child);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    assert.equal(connectionsTo(dialTcp(port)), 1);
    const [found] = tcpListeners(port);
    assert.equal(found?.host, "127.0.0.1");
    assert.equal(ownsSocket([child.pid ?? 0], [found?.inode ?? ""]), true);
    assert.equal(ownsSocket([process.pid], [found?.inode ?? ""]), false);
    child.kill("SIGCONT");
    socket.destroy();
    await eventually(() => connectionsTo(dialTcp(port)) === 0, "ended");
  });
});
