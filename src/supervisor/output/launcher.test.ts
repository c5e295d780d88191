import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAUNCHER_ENV, LAUNCHER_SCRIPT, launcherArgv, prepareInstance } from "./launcher.ts";
import { LogReader } from "./log-reader.ts";
import { readStatus } from "./status-file.ts";

const root = mkdtempSync(join(tmpdir(), "hop3-launcher-"));
chmodSync(root, 0o711); // so that the directory of a run alone keeps another user out
const script = join(root, "launcher.sh");
writeFileSync(script, LAUNCHER_SCRIPT);
after(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
function launch(
  command: string[],
  environment: Record<string, string> = {},
  wrapper: string[] = [],
  text = script,
): { dir: string; launcher: ChildProcess } {
  const dir = join(root, `run${++runs}`);
  prepareInstance(dir, environment);
  const [file = "", ...args] = launcherArgv(text, dir, wrapper, command);
  return { dir, launcher: spawn(file, args, { detached: true, stdio: "ignore", env: LAUNCHER_ENV }) };
}

/** The log without its time stamps, once the launcher has ended. */
async function logOf({ dir, launcher }: { dir: string; launcher: ChildProcess }): Promise<string> {
  if (launcher.exitCode === null) await once(launcher, "exit");
  const reader = new LogReader({ dir, rotateBytes: Infinity });
  reader.finish(new Date(0));
  reader.close();
  return readFileSync(join(dir, "log", "1"), "utf8").replaceAll("1970-01-01T00:00:00.000Z ", "");
}

/** Resolves when the app has said something: by then it has installed its handlers. */
async function said(dir: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!existsSync(join(dir, "out.1")) || statSync(join(dir, "out.1")).size === 0) {
    if (Date.now() > deadline) throw new Error("the app said nothing within 10 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function killGroup(dir: string, signal: NodeJS.Signals): void {
  const { app } = readStatus(dir);
  assert.ok(app);
  process.kill(-app.pid, signal);
}

test("output of both streams and the exit code reach the instance directory", async () => {
  const run = launch(["/bin/sh", "-c", "echo hello; echo oops >&2; printf end; exit 42"]);
  assert.equal(await logOf(run), "out hello\nout end\nerr oops\n");
  const status = readStatus(run.dir);
  assert.equal(status.exitCode, 42);
  assert.equal(status.drained, true);
});

test("the app can reopen its streams by name", async () => {
  const run = launch(["/bin/sh", "-c", "echo 1; echo 2 >/dev/stdout; echo 3 >/dev/stderr; echo 4"]);
  assert.equal(await logOf(run), "out 1\nout 2\nout 4\nerr 3\n");
});

test("a kill of the app's whole group leaves the launcher alive to write it down", async () => {
  const run = launch(["/bin/sh", "-c", "sleep 1000 & echo ready; wait"]);
  await said(run.dir);
  killGroup(run.dir, "SIGKILL");
  await once(run.launcher, "exit");
  assert.equal(readStatus(run.dir).exitCode, 137);
});

test("SIGINT and SIGTERM reach handlers of the app", async () => {
  for (const [signal, code] of [
    ["SIGINT", 4],
    ["SIGTERM", 5],
  ] as const) {
    const run = launch([
      process.execPath,
      "-e",
      `process.on('${signal}', () => process.exit(${code})); setInterval(() => {}, 1000); console.log('ready')`,
    ]);
    await said(run.dir);
    killGroup(run.dir, signal);
    await once(run.launcher, "exit");
    assert.equal(readStatus(run.dir).exitCode, code);
  }
});

test("a signal to the launcher itself does not end it", async () => {
  const run = launch(["/bin/sh", "-c", "echo ready; sleep 1000; exit 3"]);
  await said(run.dir);
  run.launcher.kill("SIGTERM");
  run.launcher.kill("SIGINT");
  killGroup(run.dir, "SIGTERM");
  await once(run.launcher, "exit");
  assert.equal(readStatus(run.dir).exitCode, 143);
});

test("the app gets its environment exactly and the launcher none of it", async () => {
  const odd = "a'b\"c\n$HOME `id` \\ é\n";
  const run = launch(
    [process.execPath, "-e", "console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)"],
    { PATH: "/nowhere", ODD: odd, LD_PRELOAD: "" },
  );
  await said(run.dir);
  assert.equal(existsSync(join(run.dir, "env")), false);
  assert.doesNotMatch(readFileSync(`/proc/${run.launcher.pid}/environ`, "utf8"), /nowhere|ODD/);
  killGroup(run.dir, "SIGKILL");
  const seen: Record<string, string> = JSON.parse((await logOf(run)).slice("out ".length));
  assert.deepEqual(
    { ...seen, PWD: undefined, OLDPWD: undefined },
    { PATH: "/nowhere", ODD: odd, LD_PRELOAD: "", PWD: undefined, OLDPWD: undefined },
  );
});

test("a name that no shell can hold is refused", () => {
  assert.throws(() => prepareInstance(join(root, "bad"), { "a.b": "1" }), /not a name/);
});

test("the modes let everybody write to the streams, and nobody else into the directory", async () => {
  const run = launch(["/bin/sh", "-c", "echo ready; sleep 1000"]);
  await said(run.dir);
  const mode = (name: string) => (statSync(join(run.dir, name)).mode & 0o777).toString(8);
  assert.deepEqual([mode("."), mode("out"), mode("err"), mode("status")], ["700", "622", "622", "600"]);
  killGroup(run.dir, "SIGKILL");
  await logOf(run);
});

test(
  "an app of another user can write, reopen its streams and cannot enter the directory",
  { skip: process.getuid?.() !== 0 && "only root can become another user; the modes are tested above" },
  async () => {
    const run = launch(
      [
        "/bin/sh",
        "-c",
        `id -u; echo 2 >/dev/stderr; ls ${root}/run${runs + 1} >/dev/null 2>&1 || echo denied; echo "$SECRET"`,
      ],
      { PATH: "/usr/bin:/bin", SECRET: "s" },
      ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
    );
    assert.equal(await logOf(run), "out 65534\nout denied\nout s\nerr 2\n");
  },
);

test("a spool at its bound drops output, lets the app go on and says so", async () => {
  const small = join(root, "small.sh");
  writeFileSync(small, LAUNCHER_SCRIPT.replaceAll("-le 64 ", "-le 2 "));
  const run = launch(["/bin/sh", "-c", "head -c 30000000 /dev/zero; exit 6"], { PATH: "/usr/bin:/bin" }, [], small);
  const log = await logOf(run);
  assert.equal(readStatus(run.dir).exitCode, 6);
  assert.match(log.slice(-200), /\nsys output on out was dropped here[^\n]*\n$/);
});
