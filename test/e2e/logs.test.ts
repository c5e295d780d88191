/** Logs by the real client: by instance, time and text; followed over everything that may happen meanwhile. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const app = "ticker";

/** Counts; says its last number when it is asked to end, and when it crashes. */
const worker = `import os, signal, sys, time
run, n, over = f"{os.getpid()}-{time.time_ns()}", 0, False
def end(*_):
    global over
    over = True
signal.signal(signal.SIGTERM, end)
crash = os.path.join(os.environ["HOP3_DATA_DIR"], "crash")
while True:
    ends, crashes = over, os.path.exists(crash)
    print("tick", run, n, "last" if ends or crashes else "on", flush=True)
    print("noise", file=sys.stderr, flush=True)
    if ends: sys.exit(0)
    if crashes:
        os.unlink(crash)
        os.kill(os.getpid(), signal.SIGKILL)
    n += 1
    time.sleep(0.004)
`;

/** Says 26 MB when it is told to: two files are finished, and compressed while they are followed. */
const loud = `import base64, os, time
go = os.path.join(os.environ["HOP3_DATA_DIR"], "go")
print("ready", flush=True)
while not os.path.exists(go): time.sleep(0.05)
for n in range(26000):
    print("loud", n, base64.b64encode(os.urandom(720)).decode())
print("loud end", flush=True)
time.sleep(1000)
`;

/** Ends a client that a failed test leaves. */
const over = new AbortController();

let platform: RunningPlatform;
let source: string;
before(async () => {
  platform = await startPlatform();
  source = join(platform.base, "source");
  mkdirSync(source);
  writeFileSync(join(source, "tick.py"), worker);
  writeFileSync(join(source, "loud.py"), loud);
  writeFileSync(
    join(source, "Procfile"),
    "worker: exec python3 tick.py\nother: echo still; exec sleep 1000\nloud: exec python3 loud.py\n",
  );
  await deployLive(platform, source, app);
});
after(async () => {
  over.abort();
  await platform.stop();
});

type Line = { readonly at: string; readonly source: string; readonly text: string };

/** The client; its lines go to `onLine`, and `control` gets its pid. */
function client(line: readonly string[], onLine?: (line: string) => void, control?: (pid: number) => void) {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line, "--app", app, "--json"];
  return exec(argv, {
    cwd: platform.base,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: platform.base,
      HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
      HOP3_API_TOKEN: platform.token,
    },
    timeoutMs: 300_000,
    signal: over.signal,
    ...(onLine === undefined ? {} : { onLine }),
    ...(control === undefined ? {} : { onSpawn: control }),
  });
}

async function logs(...flags: string[]): Promise<Line[]> {
  const { exitCode, stdout, stderr } = await client(["logs", ...flags]);
  assert.equal(exitCode, 0, stderr);
  return (JSON.parse(stdout) as { data: { lines: Line[] } }).data.lines;
}

/** Of each run of the worker, the numbers that were shown, and whether its last word was. */
function runsOf(lines: readonly Line[]): Map<string, { numbers: number[]; ended: boolean }> {
  const runs = new Map<string, { numbers: number[]; ended: boolean }>();
  for (const { text } of lines) {
    const [word, run = "", number, state] = text.split(" ");
    if (word !== "tick") continue;
    const found = runs.get(run) ?? { numbers: [], ended: false };
    runs.set(run, found);
    found.numbers.push(Number(number));
    found.ended ||= state === "last";
  }
  return runs;
}

function assertWithoutGap(runs: ReturnType<typeof runsOf>): void {
  for (const [index, [run, { numbers, ended }]] of [...runs].entries()) {
    const first = numbers[0] ?? -1;
    assert.deepEqual(
      numbers.map((number, at) => number - at - first).filter((off) => off !== 0),
      [],
      `${run} has a gap or a line twice`,
    );
    if (index > 0) assert.equal(first, 0, `${run} lacks its first lines`);
    if (index < runs.size - 1) assert.ok(ended, `${run} lacks its last lines`);
  }
}

describe("logs", () => {
  it("are followed without a gap or a line twice over a crash, a redeploy, and the ends of hop3d and the supervisor", async () => {
    const lines: Line[] = [];
    let pid = 0;
    const following = client(
      ["logs", "-f", "--lines", "5", "--process", "worker.1", "--grep", "tick"],
      (line) => line.startsWith("{") && line.endsWith("}") && lines.push(JSON.parse(line) as Line),
      (spawned) => (pid = spawned),
    );
    const more = async (what: string) => {
      const { length } = lines;
      await eventually(`more lines ${what}`, async () => lines.length > length + 100, 60_000);
    };
    await more("at first");

    const { services } = await platform.supervisor.call("status", {});
    const hop3d = services.find(({ name }) => name === "hop3d")?.pid;
    assert.ok(hop3d !== undefined && hop3d !== null);
    process.kill(hop3d, "SIGKILL");
    await more("over the end of hop3d");

    const runs = () => runsOf(lines).size;
    await deployLive(platform, source, app);
    await eventually("the new release's lines", async () => runs() === 2, 60_000);

    writeFileSync(join(platform.layout.apps, app, "data", "crash"), "");
    await eventually("the lines after the crash", async () => runs() === 3, 60_000);

    await platform.killSupervisor();
    await platform.startAgain();
    await more("over the end of the supervisor");

    process.kill(pid, "SIGINT");
    const { exitCode, stderr } = await following;
    assert.equal(exitCode, 130, stderr);
    assert.deepEqual(
      [...new Set(lines.map(({ source: from, text }) => `${from} ${text.split(" ")[0]}`))],
      ["worker.1 tick"],
    );
    assertWithoutGap(runsOf(lines));
  });

  it("of a crashed run and of the release before are still there", async () => {
    const runs = runsOf(await logs("--process", "worker", "--grep", "tick", "--since", "10m"));
    assert.equal(runs.size, 3);
    assertWithoutGap(runs);
    assert.equal((await logs("--process", "worker", "--grep", " last", "--since", "10m")).length, 2);
  });

  it("are followed, and read from their end, while finished files are compressed", async () => {
    const numbers: string[] = [];
    let pid = 0;
    let ready = false;
    const following = client(
      ["logs", "-f", "--lines", "1", "--process", "loud", "--since", "10m"],
      (line) => {
        if (!line.startsWith("{") || !line.endsWith("}")) return;
        const { text } = JSON.parse(line) as Line;
        ready ||= text === "ready";
        if (text.startsWith("loud ")) numbers.push(text.split(" ")[1] ?? "");
      },
      (spawned) => (pid = spawned),
    );
    await eventually("it is followed", async () => ready, 60_000);
    writeFileSync(join(platform.layout.apps, app, "data", "go"), "");
    await eventually("it is followed to its end", async () => numbers.at(-1) === "end", 120_000);
    const expected = Array.from({ length: 26_000 }, (_, number) => String(number));
    assert.deepEqual(numbers, [...expected, "end"]);
    process.kill(pid, "SIGINT");
    await following;
    const files = () => {
      const directory = join(platform.layout.appLogs(app), "loud.1");
      return readdirSync(directory).flatMap((run) => readdirSync(join(directory, run)));
    };
    await eventually(
      "both are compressed",
      async () => files().filter((name) => name.endsWith(".zst")).length === 2,
      60_000,
    );
    const [first] = await logs("--process", "loud", "--grep", "loud 0 ");
    assert.ok(first?.text.startsWith("loud 0 "), "the first line is in the first file");
    const found = (await logs("--process", "loud", "--lines", "1000", "--grep", "loud 150")).map(
      ({ text }) => text.split(" ")[1],
    );
    assert.deepEqual(
      found,
      expected.filter((number) => number.startsWith("150")),
    );
  });

  it("are chosen by instance, text and time", async () => {
    const sources = async (...flags: string[]) =>
      [...new Set((await logs(...flags)).map((line) => line.source))].sort();
    assert.deepEqual(await sources("--process", "other"), ["other.1"]);
    assert.deepEqual(await sources("--process", "other.1", "--since", "1h"), ["other.1"]);
    assert.deepEqual(await sources("--grep", "still"), ["other.1"]);
    assert.deepEqual(await sources("--grep", "nothing says this"), []);
    const [last] = await logs("--lines", "1", "--process", "worker", "--grep", "tick");
    assert.ok(last !== undefined);
    const since = await logs("--since", last.at, "--process", "worker", "--grep", "tick");
    assert.equal(since[0]?.at, last.at);
    assert.ok(since.every(({ at }) => at >= last.at));
    assert.ok((await logs("--lines", "7")).length === 7);
  });

  it("refuse what they do not understand, and say what would do", async () => {
    for (const [flags, status, code, said] of [
      [["--since", "yesterday"], 2, "USAGE", /10m/],
      [["--since", "2999-01-01T00:00:00Z"], 2, "INVALID_INPUT", /server's time/],
      [["--process", "Web!"], 2, "USAGE", /web\.1/],
      [["--process", "mail"], 3, "NOT_FOUND", /loud, loud\.1, other, other\.1, worker, worker\.1/],
      [["--process", "worker.9", "-f", "--grep", ""], 2, "USAGE", /1 to 200/],
      [["--grep", "x".repeat(201)], 2, "USAGE", /200/],
    ] as const) {
      const { exitCode, stdout, stderr } = await client(["logs", ...flags]);
      const text = stdout + stderr;
      assert.equal(exitCode, status, text);
      assert.match(text, said);
      assert.ok(text.includes(`"${code}"`), text);
    }
    const answer = await fetch(`${platform.apiUrl}/apps/${app}/logs/stream`, {
      headers: { authorization: `Bearer ${platform.token}`, "last-event-id": "../../etc/passwd/1/1" },
    });
    assert.equal(answer.status, 400);
    await answer.body?.cancel();
  });
});
