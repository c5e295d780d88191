/** What a person and Prometheus see of apps that run and of one that keeps ending, by the real client and API. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type IPty, spawn } from "@lydell/node-pty";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { parseExposition, valueOf } from "../exposition-grammar.ts";
import { deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
  const source = join(platform.base, "source");
  mkdirSync(source);
  // It is up when it is deployed, and from then on for two seconds each time.
  writeFileSync(join(source, "Procfile"), "steady: exec sleep 1000\nflaky: echo I cannot; sleep 2; exit 3\n");
  await deployLive(platform, source, "shop");
});
after(async () => {
  for (const { pid } of terminals) if (existsSync(`/proc/${pid}`)) process.kill(-pid, "SIGKILL");
  await platform.stop();
});

/** Those that a failed test leaves. */
const terminals: IPty[] = [];

const clientEnv = () => ({
  PATH: process.env["PATH"] ?? "",
  HOME: platform.base,
  HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
  HOP3_API_TOKEN: platform.token,
});

async function client(...line: string[]): Promise<string> {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line];
  const { exitCode, stdout, stderr } = await exec(argv, { cwd: platform.base, env: clientEnv() });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function metrics(token = platform.token) {
  const answer = await fetch(`${platform.apiUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
}

type Watching = {
  /** All that the terminal was told. */
  readonly said: () => string;
  readonly pty: IPty;
  readonly ended: Promise<number>;
};

/** `hop3 top` at a terminal of 80 by 24, from a shell that then says how the terminal was left. */
function atTerminal(...flags: string[]): Watching {
  const command = `${process.execPath} ${join(import.meta.dirname, "../../cmd/hop3.ts")} top ${flags.join(" ")}`;
  const pty = spawn(
    "/bin/sh",
    ["-c", `stty -g >before; ${command}; echo status=$?; stty -g >after; cmp before after && echo same`],
    {
      cwd: platform.base,
      cols: 80,
      rows: 24,
      name: "xterm",
      env: { ...clientEnv(), TERM: "xterm" },
    },
  );
  terminals.push(pty);
  let said = "";
  pty.onData((data) => void (said += data));
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  pty.onExit(({ exitCode }) => resolve(exitCode));
  return { said: () => said, pty, ended };
}

/** Colours, and the clearing of the rest of a line. */
const escapes = new RegExp(String.raw`\x1b\[[0-9;]*[mK]`, "g");

/** How the terminal is given back: lines wrap, there is a cursor, and the first screen is back. */
const given = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** The rows of the last whole picture. */
function picture(said: string): string[] {
  const pictures = said.split("\u001b[H").filter((one) => one.includes("\u001b[J"));
  return (pictures.at(-1) ?? "").split("\u001b[J")[0]?.replace(escapes, "").split(/\r+\n/) ?? [];
}

const place = (process: string) => ({ app: "shop", process, instance: `${process}.1` });

describe("what runs on the server", () => {
  it("is told to Prometheus, who has a token", async () => {
    const { status, type, text } = await metrics();
    assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    const found = parseExposition(text);
    const value = (name: string, labels: Record<string, string>) => valueOf(found, name, labels) ?? -1;
    assert.ok(value("hop3_instance_memory_bytes", place("steady")) > 1e5, text);
    assert.ok(value("hop3_instance_open_files", place("steady")) >= 3, text);
    assert.ok(value("hop3_instance_uptime_seconds", place("steady")) > 0, text);
    for (const service of ["supervisor", "hop3d", "caddy"])
      assert.ok(value("hop3_service_memory_bytes", { service }) > 5e6, `${service}\n${text}`);
    assert.ok(value("hop3_app_log_bytes", { app: "shop" }) > 0, text);
    assert.equal((await metrics("wrong")).status, 401);
  });

  it("and keeps ending is a crash loop wherever it is looked at", async () => {
    await eventually("it is a loop", async () => (await client("apps")).includes("flaky.1: exit 3"), 60_000);
    const apps = await client("apps");
    assert.match(apps, /CRASH LOOP\n/);
    assert.match(apps, /shop +degraded .*flaky\.1: exit 3, restarted [23] times in a row/);
    const status = await client("status", "--app", "shop");
    assert.match(status, /flaky\.1 is in a crash loop: exit 3, restarted \d times in a row/);
    assert.match(status, /`hop3 logs --app shop --process flaky\.1` tells more/);
    assert.match(status, /flaky\.1 +crash loop/);
    assert.match(status, /steady\.1 +running +1 +\d+ +(\d+m )?\d+s +0 /);
    assert.match(await client("ps", "--app", "shop"), /flaky\.1 is in a crash loop/);
    const { text } = await metrics();
    assert.equal(valueOf(parseExposition(text), "hop3_instance_crash_looping", place("flaky")), 1);
    assert.equal(valueOf(parseExposition(text), "hop3_app_state", { app: "shop", state: "degraded" }), 1);
    assert.match(await client("logs", "--app", "shop", "--process", "flaky", "--lines", "1"), /I cannot/);
  });

  it("is written down when it begins, once, and not by a hop3d that starts", async () => {
    const events = async () =>
      (await client("app", "events", "--app", "shop")).split("\n").filter((line) => /crash-loop/.test(line));
    await eventually("it is written down", async () => (await events()).length > 0, 30_000);
    const { services } = await platform.supervisor.call("status", {});
    process.kill(services.find(({ name }) => name === "hop3d")?.pid ?? assert.fail(), "SIGKILL");
    await eventually("hop3d is back", async () => (await metrics().catch(() => undefined))?.status === 200, 60_000);
    const found = await events();
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", /hop3 +- +app\.crash-loop +flaky\.1 +restarting +lastExit=exit 3 restarts=\d/);
  });

  it("is live in hop3 top, which obeys its keys and the window, and gives the terminal back", async () => {
    const { said, pty, ended } = atTerminal("--refresh", "1");
    await eventually("shares", async () => /steady\.1 +running +\d+\.\d /.test(picture(said()).join("\n")), 60_000);
    const rows = picture(said());
    assert.equal(rows.length, 24);
    assert.ok(
      rows.every((row) => row.length <= 80),
      rows.join("\n"),
    );
    assert.match(rows.join("\n"), /^shop +flaky\.1 +crash loop/m);
    assert.match(rows[4] ?? "", /CPU%v/);
    pty.write("m\u001b[C");
    await eventually("sorted by files", async () => picture(said())[4]?.includes("FILESv") === true);
    pty.resize(132, 10);
    await eventually(
      "a window of 132 by 10",
      async () => picture(said()).length === 10 && /LAST EXIT/.test(picture(said())[4] ?? ""),
    );
    const { services } = await platform.supervisor.call("status", {});
    const hop3d = services.find(({ name }) => name === "hop3d")?.pid;
    process.kill(hop3d ?? assert.fail(), "SIGKILL");
    await eventually("it says that the server is away", async () => said().includes("Trying again"));
    await eventually("the server is back", async () => picture(said()).at(-1)?.startsWith("q quit") === true, 60_000);
    pty.write("q");
    await ended;
    assert.ok(said().startsWith("\u001b[?1049h\u001b[?25l\u001b[?7l"));
    assert.ok(said().endsWith(`${given}status=0\r\nsame\r\n`), said().slice(-300));
  });

  for (const [signal, status] of [
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGQUIT", 131],
  ] as const) {
    it(`and the terminal is given back when hop3 top ends by ${signal}`, async () => {
      const { said, pty, ended } = atTerminal("--app", "shop");
      await eventually("a picture", async () => picture(said()).length === 24, 60_000);
      const children = readFileSync(`/proc/${pty.pid}/task/${pty.pid}/children`, "utf8").trim().split(" ").map(Number);
      assert.equal(children.length, 1);
      process.kill(children[0] ?? assert.fail(), signal);
      await ended;
      const end = said().slice(said().lastIndexOf(given)).replace("hop3: Interrupted.\r\n", "");
      assert.equal(end, `${given}status=${status}\r\nsame\r\n`);
    });
  }

  it("is one snapshot where hop3 top has no terminal", async () => {
    const text = await client("top", "--sort", "app");
    assert.match(text, /^APP +PROCESS +STATE +CPU% /);
    assert.match(text, /^shop +steady\.1 +running +\d+\.\d /m);
    const { data } = JSON.parse(await client("top", "--json")) as {
      data: { instances: { app: string; name: string; cpuPercent: number | null }[] };
    };
    assert.equal(typeof data.instances.find(({ name }) => name === "steady.1")?.cpuPercent, "number");
  });
});
