/** Granian in one process does what it does in two: the real one, as a build puts it there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { buildFixture } from "../../../test/contracts/builder.ts";
import { python } from "./index.ts";

const apps = {
  "app.py": `import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open(os.environ["HOP3_SOCKET"] + ".asked", "w").close()
        time.sleep(0.5)
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]
`,
  "loading.py": `import os, time
open(os.environ["HOP3_SOCKET"] + ".loading", "w").close()
time.sleep(1000)
`,
  "broken.py": `raise RuntimeError("no database")\n`,
  "living.py": `import atexit
atexit.register(print, "at exit")
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            print((await receive())["type"], flush=True)
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"asgi"})
`,
};

const source = mkdtempSync(join(tmpdir(), "hop3-alone-"));

/** The build of all of them. */
async function build(t: TestContext) {
  for (const [name, text] of Object.entries(apps)) writeFileSync(join(source, name), text);
  writeFileSync(join(source, "requirements.txt"), "\n");
  t.after(() => rmSync(source, { recursive: true }));
  const { tree, root, env, web } = await buildFixture(t, python.builders[0], source);
  assert.ok(web !== undefined);
  let starts = 0;
  /** Starts it as the plan says, but for `--interface KIND` and the target. */
  return (target: string, kind = "wsgi", more: Record<string, string> = {}) => {
    const socketPath = join(root, `${(starts += 1)}.sock`);
    const command = web.replace("--interface wsgi", `--interface ${kind}`).replace("app:app", target);
    // ASGI takes one thread.
    const fitting = kind === "wsgi" ? command : command.replace(/--no-ws --blocking-threads \S+/, "");
    const child = spawn("/bin/sh", ["-c", fitting], {
      cwd: tree,
      env: { ...env, ...more, HOP3_SOCKET: socketPath },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += String(bytes)));
    const ended = once(child, "close") as Promise<[number | null, string | null]>;
    t.after(async () => {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
        process.kill(-child.pid, "SIGKILL");
      await ended;
    });
    const ask = (path = "/") => askSocket(socketPath, path);
    return { pid: child.pid ?? 0, socketPath, said: () => said, ended, ask, up: () => soon(ask, () => said) };
  };
}

test("Granian that Hop3 installs serves in one process", { timeout: 300_000 }, async (t) => {
  const start = await build(t);

  await t.test("which is the one that was started, and which answers what is under way when it gets TERM", async () => {
    const { pid, up, ask, ended, said, socketPath } = start("app:app");
    assert.equal(await up(), String(pid));
    assert.equal(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"), "");
    const slow = ask("/slow");
    await soon(async () => assert.ok(existsSync(`${socketPath}.asked`)), said);
    process.kill(pid, "SIGTERM");
    assert.equal(await slow, String(pid));
    assert.deepEqual([await ended, said(), existsSync(socketPath)], [[0, null], "", false]);
  });

  await t.test("but in several with WEB_CONCURRENCY, and when a worker has a lifetime", async () => {
    for (const [workers, more] of [
      [2, { WEB_CONCURRENCY: "2" }],
      [1, { GRANIAN_WORKERS_LIFETIME: "1h" }],
    ] as const) {
      const { pid, up, ask, ended, said } = start("app:app", "wsgi", more);
      const answered = new Set([await up()]);
      // One that is asked to end before it has begun to listen for that goes on for ever: Granian's own way.
      await soon(async () => assert.equal(answered.add(await ask()).size, workers), said);
      for (const worker of answered)
        assert.match(readFileSync(`/proc/${worker}/stat`, "utf8"), new RegExp(`\\) \\S ${pid} `));
      process.kill(pid, "SIGTERM");
      assert.deepEqual(await ended, [0, null]);
    }
  });

  await t.test("and ends with 1 and its traceback when the app cannot be loaded", async () => {
    const { ended, said } = start("broken:app");
    assert.deepEqual(await ended, [1, null]);
    assert.match(said(), /RuntimeError: no database/);
  });

  await t.test("and ends at once when it gets TERM while it loads the app", async () => {
    const { pid, ended, said, socketPath } = start("loading:app");
    await soon(async () => assert.ok(existsSync(`${socketPath}.loading`)), said);
    process.kill(pid, "SIGTERM");
    assert.deepEqual(await ended, [null, "SIGTERM"]);
  });

  await t.test("and tells an ASGI app of its start and its end", async () => {
    const { pid, up, ended, said } = start("living:app", "asgi");
    assert.equal(await up(), "asgi");
    process.kill(pid, "SIGTERM");
    assert.deepEqual(await ended, [0, null], said());
    assert.match(said(), /^lifespan.startup\nlifespan.shutdown\nat exit\n$/);
  });
});

function askSocket(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers: { host: "localhost" }, agent: false }, (response) => {
      let body = "";
      response.on("data", (bytes) => (body += String(bytes)));
      response.on("error", reject).on("end", () => resolve(body));
    })
      .on("error", reject)
      .end();
  });
}

/** Tries until it does not fail. */
async function soon<Value>(one: () => Promise<Value>, said: () => string): Promise<Value> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await one();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${String(error)}\n${said()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
