/** One-off commands and terminals by the real client on a real platform, as a person or a script uses them. */
import assert from "node:assert/strict";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { EventView } from "#core/api/events.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { deployLive, eventually } from "./apps.ts";
import { killHop3d } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
  const dir = join(platform.base, "app");
  mkdirSync(dir);
  writeFileSync(join(dir, "Procfile"), "worker: exec sleep 100000\n");
  writeFileSync(join(dir, "note.txt"), "of the app\n");
  await deployLive(platform, dir, "blog");
  await platform.api("PATCH", "/apps/blog/env", { set: { GREETING: "hello" } });
});
after(() => platform.stop());

const client = join(import.meta.dirname, "../../cmd/hop3.ts");

type Running = {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  readonly status: Promise<number | null>;
};

const environment = () => ({
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
  HOP3_API_TOKEN: platform.token,
  TERM: "xterm-256color",
});

/** `hop3 run` with pipes; its environment does not name the platform's directory, so that it is not counted as of it. */
function start(...line: readonly string[]): Running {
  const child = spawn(process.execPath, [client, "run", "--app", "blog", ...line], { cwd: "/", env: environment() });
  child.stdin.on("error", () => undefined);
  const status = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  return { child, stdout: text(child.stdout).catch(() => ""), stderr: text(child.stderr), status };
}

async function run(line: readonly string[], input = "") {
  const { child, stdout, stderr, status } = start(...line);
  child.stdin.end(input);
  return { stdout: await stdout, stderr: await stderr, status: await status };
}

/** Nothing of any session: the app's one worker and the platform's own processes alone. */
async function nothingLeft(): Promise<void> {
  const kept = (await platform.supervisor.call("status", {})).apps.flatMap(({ instances }) => instances).length;
  assert.ok(kept <= 1);
  await eventually(
    "nothing is left of a session",
    async () => {
      const notes = readdirSync(join(platform.layout.supervisor, "sessions"));
      const records = existsSync(platform.layout.sessions("blog")) ? readdirSync(platform.layout.sessions("blog")) : [];
      return notes.length + records.length + readdirSync(platform.layout.sessionSockets).length === 0;
    },
    20_000,
  );
}

const stubborn =
  "trap '' HUP TERM INT; (setsid sh -c 'trap \"\" HUP TERM; sleep 7777' &); echo up; while :; do sleep 1; done";

/** Starts a command that ends by no signal but KILL, and resolves when it runs. */
async function startStubborn(): Promise<Running> {
  const running = start("--", "sh", "-c", stubborn);
  let said = "";
  running.child.stdout.on("data", (chunk: Buffer) => (said += String(chunk)));
  await eventually("the command runs", () => said.includes("up"), 20_000);
  return running;
}

describe("hop3 run in a script", () => {
  it("has the release's folder and environment, its own stdin, stdout and stderr, and the command's status", async () => {
    const ran = await run(
      [
        "-e",
        "MORE=here",
        "--",
        "sh",
        "-c",
        'cat note.txt -; echo "$GREETING $MORE $PROC_TYPE $(basename "$HOP3_DATA_DIR")"; echo oops >&2; exit 7',
      ],
      "from stdin\n",
    );
    assert.deepEqual(ran, { stdout: "of the app\nfrom stdin\nhello here run.1 data\n", stderr: "oops\n", status: 7 });
    await nothingLeft();
  });

  for (const [line, status] of [
    ["true", 0],
    ["exit 1", 1],
    ["kill -INT $$", 130],
    ["kill -KILL $$", 137],
    ["exit 255", 255],
  ] as const) {
    it(`${line}: ${status}`, async () => assert.equal((await run([line])).status, status));
  }

  it("its own failures are 254, and say what is wrong", async () => {
    for (const [line, said] of [
      [["--app", "nobody", "--", "true"], /no app "nobody"/],
      [["--json", "--", "true"], /--json/],
      [["--tty", "--no-tty", "true"], /exclude/],
      [["-e", "PORT=1", "true"], /PORT is given/],
      [["--timeout", "0", "true"], /--timeout/],
    ] as const) {
      const { status, stdout, stderr } = await run(line);
      assert.equal(status, 254, line.join(" "));
      assert.match(stdout + stderr, said);
    }
  });

  it("passes 50 MB of any bytes there and back", async () => {
    const { child, status } = start("--", "cat");
    const [sent, came] = [createHash("sha256"), createHash("sha256")];
    const piece = randomBytes(1024 * 1024);
    await Promise.all([
      pipeline(function* pieces() {
        for (let turn = 0; turn < 50; turn += 1) {
          sent.update(piece);
          yield piece;
        }
      }, child.stdin),
      pipeline(child.stdout, came),
    ]);
    assert.equal(await status, 0);
    assert.equal(came.digest("hex"), sent.digest("hex"));
  });

  it("a reader that has enough ends the command", async () => {
    const { child, status } = start("--", "yes");
    child.stdin.end();
    child.stdout.once("data", () => child.stdout.destroy());
    await status;
    await nothingLeft();
  });

  it("the first Ctrl-C is the command's", async () => {
    const running = start(
      "--",
      "sh",
      "-c",
      "trap 'echo interrupted; exit 3' INT; echo up; while :; do sleep 0.1; done",
    );
    let said = "";
    running.child.stdout.on("data", (chunk: Buffer) => (said += String(chunk)));
    await eventually("it runs", () => said.includes("up"));
    running.child.kill("SIGINT");
    assert.equal(await running.status, 3);
    assert.match(await running.stdout, /interrupted/);
  });

  it("a time limit ends it, and says so", async () => {
    const { status, stderr } = await run(["--timeout", "1", "--", "sleep", "1000"]);
    assert.equal(status, 254);
    assert.match(stderr, /longer than 1 s/);
    await nothingLeft();
  });

  it("20 at once have numbers of their own", async () => {
    const all = Array.from({ length: 20 }, () => start("--", "sh", "-c", "echo $PROC_TYPE; read line"));
    const seen = await Promise.all(
      all.map(async ({ child }) => {
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += String(chunk)));
        await eventually("it runs", () => said.includes("\n"), 60_000);
        return said;
      }),
    );
    assert.equal(new Set(seen).size, 20);
    for (const { child } of all) child.stdin.end("\n");
    assert.deepEqual(new Set(await Promise.all(all.map(({ status }) => status))), new Set([0]));
    await nothingLeft();
  });

  it("runs for an app that is stopped, and not for one without a release", async () => {
    await platform.api("POST", "/apps/blog/stop");
    assert.equal((await run(["cat note.txt"])).stdout, "of the app\n");
    await platform.api("POST", "/apps/blog/start");
    const empty = join(platform.base, "broken");
    mkdirSync(empty);
    writeFileSync(join(empty, "Procfile"), "worker: exit 1\n");
    await platform.deploy(empty, "broken");
    const { status, stderr } = await run(["--app", "broken", "--", "true"]);
    assert.equal(status, 254);
    assert.match(stderr, /no release/);
    await platform.destroy("broken");
  });

  it("is in the audit log with its program alone, and its words are in no log, record or argument list", async () => {
    const { child, status, stdout } = start(
      "-e",
      "KEY=canary-value",
      "--",
      "sh",
      "-c",
      "echo $KEY; sleep 2; : canary-word",
    );
    child.stdin.end();
    await eventually("it runs", async () => (await processesOf(platform.base)).length > 0);
    assert.equal(await status, 0);
    assert.equal(await stdout, "canary-value\n");
    const told = (await platform.api("GET", "/apps/blog/events")) as { events: EventView[] };
    const events = told.events.filter(({ action }) => action === "app.run");
    assert.ok(events.length > 0);
    assert.equal(
      events.some(({ details }) => details["program"] === "sh"),
      true,
    );
    assert.doesNotMatch(JSON.stringify(events), /canary/);
    const logs = readdirSync(platform.layout.logs, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    assert.ok(logs.length >= 2, "of hop3d and of the supervisor");
    for (const { parentPath, name } of logs)
      assert.doesNotMatch(readFileSync(join(parentPath, name), "utf8"), /canary/, name);
  });
});

describe("hop3 run at a terminal", () => {
  it("is a terminal for the command, with its size and keys, and gives the person's back as it was", async () => {
    const child = spawn(
      "python3",
      [join(import.meta.dirname, "at-a-terminal.py"), process.execPath, client, "run", "--app", "blog"],
      {
        cwd: "/",
        env: environment(),
      },
    );
    child.stdin.end();
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.deepEqual(
      JSON.parse(said || "{}"),
      {
        size: "30 100",
        type: "xterm-256color",
        interrupted: true,
        resized: "50 132",
        raw: true,
        status: 9,
        restored: true,
      },
      errors,
    );
    await nothingLeft();
  });
});

describe("whatever dies, the command's tree is ended and the client says so", () => {
  it("the client, by kill -9", async () => {
    const running = await startStubborn();
    running.child.kill("SIGKILL");
    await nothingLeft();
  });

  const told = async ({ status, stderr }: Running): Promise<void> => {
    assert.equal(await status, 254);
    assert.match(await stderr, /session ended before its command/);
    await nothingLeft();
  };

  it("the session process", async () => {
    const running = await startStubborn();
    const [note = ""] = readdirSync(join(platform.layout.supervisor, "sessions"));
    const mark = note.replace(".json", "");
    const { listProcesses } = await import("#supervisor/proc-tree.ts");
    const { readFileSync } = await import("node:fs");
    const found = listProcesses().find(({ pid }) => {
      const read = (file: string) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, "latin1");
        } catch {
          return "";
        }
      };
      return read("cmdline").includes("session.ts") && read("environ").includes(mark);
    });
    assert.ok(found !== undefined, "there is a session process");
    process.kill(found.pid, "SIGKILL");
    await told(running);
  });

  it("hop3d, and the next one knows nothing of it", async () => {
    const running = await startStubborn();
    await killHop3d(platform);
    await told(running);
    await eventually(
      "hop3d answers",
      async () => (await fetch(`${platform.apiUrl}/version`).catch(() => null))?.ok === true,
    );
  });

  it("but the supervisor, whose next one goes on with it", async () => {
    const { child, status } = start("--", "sh", "-c", "echo up; read line; echo got $line; exit 7");
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += String(chunk)));
    await eventually("the command runs", () => said.includes("up"), 20_000);
    await platform.killSupervisor();
    await platform.startAgain();
    child.stdin.end("late\n");
    assert.equal(await status, 7);
    assert.match(said, /got late/);
    await nothingLeft();
  });

  for (const point of ["session:written", "session:opened", "session:joined"]) {
    it(`hop3d at ${point}`, async () => {
      const halt = haltAt(platform.base, point);
      const running = start("--", "sh", "-c", stubborn);
      await halt.reached();
      await killHop3d(platform);
      halt.release();
      assert.equal(await running.status, 254);
      assert.match(await running.stderr, /hop3: /);
      await eventually(
        "hop3d answers",
        async () => (await fetch(`${platform.apiUrl}/version`).catch(() => null))?.ok === true,
      );
      await nothingLeft();
    });
  }
});
