/**
 * What a full spool disk does to apps: each writes 20 MB to an 8 MB tmpfs while no supervisor lives; and what a reopened
 * /dev/stderr does to what was written before. Run as root: node run-full-disk.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, WAYS, type Way } from "./ways.ts";

const apps: Record<string, string[]> = {
  "node console.log": [process.execPath, "-e", `for(let i=0;i<2e5;i++)console.log('x'.repeat(99))`],
  "node stdout.write": [
    process.execPath,
    "-e",
    `let i=0;const f=()=>{for(let k=0;k<100;k++)process.stdout.write('x'.repeat(99)+'\\n');if(++i<2000)setImmediate(f)};f()`,
  ],
  "python print": ["/usr/bin/python3", "-c", 'for i in range(200000): print("x" * 99, flush=True)'],
  "sh -e echo": ["/bin/sh", "-ec", `i=0; while [ $i -lt 20000 ]; do echo ${"x".repeat(999)}; i=$((i+1)); done`],
};
const mount = mkdtempSync(join(tmpdir(), "hop3-full-"));
const rows: Record<string, string>[] = [];
for (const way of WAYS) {
  for (const [name, command] of Object.entries(apps)) {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", mount]);
    try {
      rows.push({ way, app: name, ...(await fill(way, command)) });
    } finally {
      execFileSync("umount", ["-l", mount]);
    }
  }
  rows.push({ way, app: "echo >/dev/stderr", ...(await reopen(way)) });
}
console.table(rows);
rmSync(mount, { recursive: true });

async function fill(way: Way, command: string[]): Promise<Record<string, string>> {
  if (!existsSync(command[0] ?? "")) return { app_ended: "not installed" };
  const dir = join(mount, "i");
  const app = launch(way, dir, command);
  const ended = await Promise.race([
    once(app, "exit").then(() => true),
    new Promise<false>((done) => setTimeout(done, 6000, false)),
  ]);
  const status = readFileSync(join(dir, "status"), "latin1")
    .trim()
    .split("\n")
    .map((line) => line.trim());
  if (!ended) killSession(app.pid);
  return {
    app_ended: ended ? (status.find((line) => line.startsWith("exit")) ?? "no status") : "BLOCKED after 6 s",
    free: `${statfsSync(mount).bavail * 4} KiB`,
  };
}

/** Without a reader: 3 lines, a reopen by name, 1 line. What is there afterwards? */
async function reopen(way: Way): Promise<Record<string, string>> {
  const dir = mkdtempSync(join(tmpdir(), "hop3-reopen-"));
  const app = launch(way, join(dir, "i"), [
    "/bin/sh",
    "-c",
    "for i in 1 2 3; do echo $i >&2; done; echo 4 >/dev/stderr; echo 5 >&2",
  ]);
  await once(app, "exit");
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  if (way === "fifo") return { app_ended: "nothing kept: no reader was there when it ended" };
  const spool = readdirSync(join(dir, "i")).filter((name) => /^(raw\.err|err\.\d+)$/.test(name));
  return {
    app_ended: `kept: ${spool
      .map((name) => readFileSync(join(dir, "i", name), "utf8"))
      .join("")
      .trim()
      .split("\n")
      .join(" ")} of 1 2 3 4 5`,
  };
}

/** Ends what this probe started: the app is the launcher's only child with its own session. */
function killSession(launcher: number | undefined): void {
  const children = spawnSync("ps", ["-o", "pid=", "--ppid", String(launcher)], { encoding: "utf8" })
    .stdout.trim()
    .split(/\s+/);
  for (const pid of [...children.map(Number), launcher ?? 0]) if (pid > 1) process.kill(pid, "SIGKILL");
}
