/** A host that is rebooted, and the twenty apps on it: shared by the test, that they all come back, and the bench, how soon. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemIds } from "#cmd/wire/system-ids.ts";
import { loopbackTable } from "#supervisor/walls/loopback.ts";
import { isSightClosed } from "#supervisor/walls/sight.ts";
import { exec } from "#sys/exec.ts";
import { deployLive } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { removeCgroups, type RunningPlatform } from "./platform.ts";

/** Nine in Python on a port, eight in Node on a socket, three sites; every fourth has a worker beside. */
export const twentyApps: readonly string[] = Array.from({ length: 20 }, (_, index) => `app-${index + 1}`);

export async function deployTwenty(platform: RunningPlatform): Promise<void> {
  for (const [index, name] of twentyApps.entries()) {
    const dir = join(platform.base, "sources", name);
    mkdirSync(dir, { recursive: true });
    for (const [file, text] of Object.entries(filesOf(index, name))) writeFileSync(join(dir, file), text);
    await deployLive(platform, dir, name);
  }
}

function filesOf(index: number, name: string): Record<string, string> {
  if (index >= 17) return { "index.html": `<h1>${name}</h1>` };
  const worker = index % 4 === 0 ? "worker: exec sleep 1000000\n" : "";
  if (index >= 9) {
    const program = `require("http").createServer((q, r) => r.end("${name}")).listen(process.env.HOP3_SOCKET)`;
    return { Procfile: `web: exec node serve.js\n${worker}`, "serve.js": program };
  }
  const program = `
import http.server, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"${name}")

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
`;
  return { Procfile: `web: exec python3 serve.py\n${worker}`, "serve.py": program };
}

/**
 * Everything is killed, the run directory with all sockets is gone, and what the supervisor has written down is of another
 * boot than the one that runs. In system mode the kernel has forgotten the rest, too.
 */
export async function reboot(platform: RunningPlatform): Promise<void> {
  await platform.killEverything();
  if (platform.settings.mode === "system") await forgetAll(platform);
  rmSync(platform.layout.run, { recursive: true });
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  const earlier = boot.replaceAll(/[0-9a-f]/g, "0");
  for (const path of filesBelow(platform.layout.supervisor)) {
    const text = readFileSync(path, "latin1");
    if (text.includes(boot)) writeFileSync(path, text.replaceAll(boot, earlier), "latin1");
  }
}

/** Control groups, the rules of the loopback, and what was closed in /proc/net. */
async function forgetAll({ layout }: RunningPlatform): Promise<void> {
  await removeCgroups(layout);
  const { apps } = systemIds();
  const opened = ["-exec", "chmod", "g=o", "{}", ";", "-exec", "chgrp", "root", "{}", ";"];
  for (const argv of [
    ["/usr/sbin/nft", "delete", "table", ...loopbackTable],
    ["/usr/bin/find", "/proc/net/", "-maxdepth", "1", "-gid", String(apps), ...opened],
  ])
    assert.equal((await exec(argv)).exitCode, 0, argv.join(" "));
  assert.equal(isSightClosed(apps, "/proc/net"), false);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Asks each app again and again until it has said its name through the edge; resolves with milliseconds, in the order of their answers. */
export async function untilAllAnswer(platform: RunningPlatform, patienceMs: number): Promise<number[]> {
  const began = performance.now();
  const answered: number[] = [];
  await Promise.all(
    twentyApps.map(async (name) => {
      for (;;) {
        const answer = await fetchThroughEdge(platform.edge(name), "/", { timeoutMs: 2000 }).catch(() => undefined);
        const passed = performance.now() - began;
        if (answer?.status === 200 && answer.body.includes(name)) return void answered.push(passed);
        if (passed > patienceMs)
          throw new Error(`${name} is not back ${patienceMs} ms after the boot: ${answer?.body}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }),
  );
  return answered;
}
