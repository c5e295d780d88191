/** Cron jobs on a real platform: from an app's files to what a run has printed, over deploys, rollbacks and deaths. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { CronJobView, CronRunView } from "#core/api/cron.ts";
import type { LogLine } from "#core/api/logs.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform.stop());

function write(name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(platform.base, "apps", name);
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

const jobs = async (app: string) => ((await platform.api("GET", `/apps/${app}/cron`)) as { jobs: CronJobView[] }).jobs;
const names = async (app: string) => (await jobs(app)).map(({ name, schedule }) => `${name} ${schedule}`);
const runs = async (app: string, job: string) =>
  ((await platform.api("GET", `/apps/${app}/cron/${job}/runs`)) as { runs: CronRunView[] }).runs;
const printed = async (app: string, job: string, run: number) => {
  const found = await platform.api("GET", `/apps/${app}/cron/${job}/runs/${run}`);
  return (found as { lines: LogLine[] }).lines.map(({ source, stream, text }) => `${source} ${stream} ${text}`);
};
const post = (app: string, job: string, signal?: AbortSignal) =>
  fetch(`${platform.apiUrl}/apps/${app}/cron/${job}/run`, {
    method: "POST",
    headers: { authorization: `Bearer ${platform.token}` },
    ...(signal === undefined ? {} : { signal }),
  });
const dataOf = (app: string, file: string) => join(platform.layout.appData(app), file);

/** Runs it to its end; the events of the stream, in order. */
async function run(
  app: string,
  job: string,
): Promise<{ lines: string[]; done: CronRunView | undefined; text: string }> {
  const text = await (await post(app, job)).text();
  const events = [...text.matchAll(/event: ?(\w+)\n(?:id: ?\d+\n)?data: ?(.*)\n/g)];
  const lines = events.flatMap(([, event, data = ""]) =>
    event === "line" ? [(JSON.parse(data) as LogLine).text] : [],
  );
  const done = events.find(([, event]) => event === "done")?.[2];
  return { lines, done: done === undefined ? undefined : (JSON.parse(done) as CronRunView), text };
}

const app = "clock";
const files = {
  Procfile:
    'web: exec python3 -m http.server --bind 127.0.0.1 $PORT\ncron: 5 4 * * * echo "$PROC_TYPE $GREETING"; exit 4\ncron: @daily echo second\n',
  "hop3.toml":
    '[[cron]]\nname = "hang"\nschedule = "0 3 * * MON-FRI"\ntimezone = "Europe/Berlin"\ntimeout = 1.5\ncommand = "echo hanging; (setsid sleep 1000 &); sleep 1000"\n[[cron]]\nname = "gated"\nschedule = "@yearly"\ncommand = "echo waiting; while [ ! -e $HOP3_DATA_DIR/go ]; do sleep 0.1; done; echo went"\n',
  ENV: "GREETING=hello\n",
};
const all = ["hang 0 3 * * MON-FRI", "gated @yearly", "job-1 5 4 * * *", "job-2 @daily"];

suite("cron jobs", () => {
  test("of both files are there with the release, with their next time in their zone", async () => {
    await deployLive(platform, write(app, files), app);
    assert.deepEqual(await names(app), all);
    const [hang] = await jobs(app);
    const berlin = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", hour: "numeric", minute: "numeric" });
    assert.equal(berlin.format(new Date(String(hang?.next))), "03:00");
    assert.deepEqual([hang?.overlap, hang?.timeoutSeconds, hang?.last], ["forbid", 1.5, null]);
  });

  test("are run by hand as the app, and tell their exit status and what they printed", async () => {
    const { lines, done } = await run(app, "job-1");
    assert.deepEqual(lines, ["cron.job-1 hello"]);
    assert.deepEqual([done?.outcome, done?.exit, done?.trigger], ["failed", 4, "manual"]);
    assert.deepEqual(await runs(app, "job-1"), [done]);
    assert.deepEqual(await printed(app, "job-1", done?.run ?? 0), ["cron.job-1 stdout cron.job-1 hello"]);
    const logs = (await platform.api("GET", `/apps/${app}/logs?process=cron`)) as { lines: LogLine[] };
    assert.deepEqual(
      logs.lines.map(({ source, text }) => `${source} ${text}`),
      ["cron.job-1 cron.job-1 hello"],
    );
    const one = (await platform.api("GET", `/apps/${app}/logs?process=cron.job-1`)) as { lines: LogLine[] };
    assert.deepEqual(one.lines, logs.lines);
    assert.match((await run(app, "nothing")).text, /NOT_FOUND/);
  });

  test("that hang are killed when their time is over, with all that they started", async () => {
    const { lines, done } = await run(app, "hang");
    assert.deepEqual([done?.outcome, done?.exit, done?.reason], ["timed-out", null, "it took longer than 1.5 s"]);
    assert.deepEqual(lines, ["hanging", "stopped: it took longer than 1.5 s"]);
  });

  test("run once at a time unless the app says otherwise", async () => {
    const leaves = new AbortController();
    const left = post(app, "gated", leaves.signal).then((response) => response.text());
    await eventually("it runs", async () => (await runs(app, "gated"))[0]?.outcome === "running");
    // Who asked for it goes; the run goes on.
    leaves.abort();
    await assert.rejects(left);
    const second = await post(app, "gated");
    assert.equal(second.status, 409);
    assert.match(await second.text(), /was not started: run \d+ has not ended/);
    writeFileSync(dataOf(app, "go"), "");
    await eventually("it ended", async () => (await runs(app, "gated"))[0]?.outcome === "succeeded");
    const [first] = await runs(app, "gated");
    assert.deepEqual(await printed(app, "gated", first?.run ?? 0), [
      "cron.gated stdout waiting",
      "cron.gated stdout went",
    ]);
  });

  test("change with a deploy that goes live and with no other; a rollback brings the older ones back", async () => {
    const schedule = (text: string) => ({ ...files, "hop3.toml": text });
    const bad = '[[cron]]\nname = "x"\nschedule = "0 25 * * *"\ncommand = "x"\n';
    const refused = await platform.deploy(write(app, schedule(bad)), app);
    assert.ok(refused.outcome === "failed");
    assert.equal(refused.error.code, "INVALID_CONFIG");
    assert.match(refused.error.message, /^hop3\.toml:3: `cron\[0\]\.schedule` has "25" as its hour/);
    const worse = await platform.deploy(write(app, { ...files, Procfile: "web: x\ncron: * * *\n" }), app);
    assert.ok(worse.outcome === "failed");
    assert.match(worse.error.message, /^Procfile:2: The schedule of `cron` has 3 fields/);
    assert.deepEqual(await names(app), all);

    const Procfile =
      "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\ncron: @hourly echo new\nrelease: exit 1\n";
    const failed = await platform.deploy(write(app, { Procfile, "hop3.toml": "" }), app);
    assert.ok(failed.outcome === "failed");
    assert.deepEqual(await names(app), all);

    await deployLive(platform, write(app, { Procfile: Procfile.replace("release: exit 1\n", "") }), app);
    assert.deepEqual(await names(app), ["job-1 @hourly"]);
    const { release } = (await platform.api("GET", `/apps/${app}`)) as { release: number };
    const diff = await platform.api("GET", `/apps/${app}/releases/1/diff/${release}`);
    assert.deepEqual(
      (diff as { cron: { name: string; to: string | null }[] }).cron.map(({ name, to }) => [name, to]),
      [
        ["gated", null],
        ["hang", null],
        ["job-1", "@hourly UTC, forbid, 3600 s: echo new"],
        ["job-2", null],
      ],
    );
    assert.equal((await run(app, "job-1")).lines[0], "new");
    const { deploy } = (await platform.api("POST", `/apps/${app}/rollback`, {})) as { deploy: number };
    await eventually("the rollback is over", async () => {
      const { state } = (await platform.api("GET", `/apps/${app}/deploys/${deploy}`)) as { state: string };
      assert.notEqual(state, "failed");
      return state === "succeeded";
    });
    assert.deepEqual(await names(app), all);
    assert.equal((await run(app, "job-1")).lines[0], "cron.job-1 hello");
  });

  test("are killed when the supervisor was killed, and told as lost; the schedule stays", async () => {
    rmSync(dataOf(app, "go"));
    const asked = run(app, "gated").catch(() => undefined);
    await eventually("it runs", async () => (await runs(app, "gated"))[0]?.outcome === "running");
    const [begun] = await runs(app, "gated");
    await eventually("its words are there", async () => (await printed(app, "gated", begun?.run ?? 0)).length > 0);
    await platform.killSupervisor();
    await platform.startAgain();
    await asked;
    const [lost] = await runs(app, "gated");
    assert.deepEqual([lost?.outcome, lost?.reason], ["lost", "the supervisor died over it"]);
    assert.deepEqual(await names(app), all);
    assert.deepEqual(await printed(app, "gated", lost?.run ?? 0), ["cron.gated stdout waiting"]);
  });

  test("of an app that is stopped do not run, and those of one that is destroyed leave nothing", async () => {
    await platform.api("POST", `/apps/${app}/stop`);
    assert.ok((await jobs(app)).every(({ next }) => next === null));
    assert.equal((await post(app, "job-1")).status, 409);
    await platform.api("POST", `/apps/${app}/start`);
    assert.equal((await run(app, "job-1")).done?.exit, 4);
    await platform.destroy(app);
    assert.equal(existsSync(join(platform.layout.supervisor, "cron", `${app}.json`)), false);
  });

  test("need no process beside them, and a static site has them too", async () => {
    const alone = write("alone", { Procfile: "cron: @daily echo alone\n" });
    await deployLive(platform, alone, "alone");
    assert.equal((await run("alone", "job-1")).lines[0], "alone");
    await platform.api("POST", "/apps/alone/stop");
    assert.equal((await jobs("alone"))[0]?.next, null);

    const site = write("site", { "index.html": "<h1>site</h1>", Procfile: "cron: @daily wc -c < index.html\n" });
    await deployLive(platform, site, "site");
    await assertAnswers(platform.edge("site"), { path: "/", status: 200, contains: "site" });
    assert.equal((await run("site", "job-1")).lines[0]?.trim(), "13");
    await deployLive(platform, site, "site");
    assert.equal((await run("site", "job-1")).done?.release, 2);
    writeFileSync(join(site, "Procfile"), "# none\n");
    await deployLive(platform, site, "site");
    assert.deepEqual(await jobs("site"), []);
    await assertAnswers(platform.edge("site"), { path: "/", status: 200, contains: "site" });
  });
});
