/** `npm start` as a person types it (without the set-up, which fresh.sh tries): up, an app live, Ctrl-C, up again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { removeRoot } from "./remove-root.ts";
import { exec } from "#sys/exec.ts";
import { freePortFrom } from "#sys/free-port.ts";
import { eventually } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { processesOf } from "./platform.ts";

type Started = {
  readonly lines: string[];
  /** Like Ctrl-C; resolves with the exit status. */
  interrupt(): Promise<number | null>;
  readonly pid: number;
};

suite("npm start", () => {
  const base = mkdtempSync(join(tmpdir(), "hop3-start-"));
  let apiPort = 0;
  let httpPort = 0;
  let current: Started | undefined;

  before(async () => {
    apiPort = (await freePortFrom(23_000 + (process.pid % 700), "127.0.0.1")) ?? 0;
    httpPort = (await freePortFrom(24_000 + (process.pid % 700), "::")) ?? 0;
    assert.ok(apiPort > 0 && httpPort > 0);
  });
  after(async () => {
    await current?.interrupt();
    for (const pid of await processesOf(base)) process.kill(pid, "SIGKILL");
    await removeRoot(base);
  });

  const start = (): Started => {
    const lines: string[] = [];
    let pid = 0;
    const running = exec([process.execPath, join(import.meta.dirname, "../../cmd/start.ts")], {
      env: {
        PATH: process.env["PATH"] ?? "/usr/bin:/bin",
        HOME: join(base, "home"),
        HOP3_ROOT: join(base, "root"),
        HOP3_RUN_DIR: join(base, "r"),
        HOP3_API_PORT: String(apiPort),
        HOP3_HTTP_PORT: String(httpPort),
      },
      onSpawn: (spawned) => (pid = spawned),
      onLine: (line) => lines.push(line),
    });
    return {
      lines,
      pid,
      async interrupt() {
        try {
          process.kill(pid, "SIGINT");
        } catch {
          // It has ended already.
        }
        return (await running).exitCode;
      },
    };
  };
  const ready = (started: Started) =>
    eventually(
      `ready\n${started.lines.join("\n")}`,
      () => started.lines.some((line) => line.startsWith("ready: ")),
      90_000,
    ).catch((error: unknown) => assert.fail(`${String(error)}\n${started.lines.join("\n")}`));
  const portOf = (started: Started) =>
    Number(
      /^ready: http:\/\/guestbook\.localhost:(\d+)/.exec(
        started.lines.find((line) => line.startsWith("ready: ")) ?? "",
      )?.[1],
    );

  test("brings the guestbook up, on the next free port when the wanted one is taken, and says so", async () => {
    const squatter = createServer().listen(httpPort, "::");
    await once(squatter, "listening");
    current = start();
    await ready(current);
    squatter.close();
    assert.ok(
      current.lines.some((line) => line.includes(`Port ${httpPort} is taken`)),
      current.lines.join("\n"),
    );
    const { status, body } = await fetchThroughEdge({ port: portOf(current), host: "guestbook.localhost" }, "/");
    assert.equal(status, 200);
    assert.match(body, /Guestbook/);
  });

  test("gives this person a token in a file that only they can read", () => {
    const file = join(base, "home/.config/hop3-cli/servers.toml");
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("a second one stays with the first and says so", async () => {
    const second = start();
    await eventually("it says that it runs already", () => second.lines.some((line) => /running already/.test(line)));
    process.kill(second.pid, "SIGKILL");
    assert.equal((await second.interrupt()) ?? "killed", "killed");
    assert.ok(current !== undefined);
    assert.equal((await fetchThroughEdge({ port: portOf(current), host: "guestbook.localhost" }, "/")).status, 200);
  });

  test("Ctrl-C stops everything and leaves no process", async () => {
    assert.equal(await current?.interrupt(), 130);
    current = undefined;
    assert.deepEqual(await processesOf(base), []);
  });

  test("started again it brings the app back, and deploys nothing", async () => {
    current = start();
    await ready(current);
    assert.equal(portOf(current), httpPort);
    assert.ok(!current.lines.some((line) => /deploying/.test(line)));
    assert.ok(
      current.lines.some((line) => /^ {2}http:\/\/guestbook\.localhost:\d+ answers 200 in \d+ ms$/.test(line)),
      current.lines.join("\n"),
    );
    assert.equal((await fetchThroughEdge({ port: httpPort, host: "guestbook.localhost" }, "/")).status, 200);
    assert.equal(await current.interrupt(), 130);
    current = undefined;
    assert.deepEqual(await processesOf(base), []);
  });
});
