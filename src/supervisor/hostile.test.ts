/** Plays a taken-over hop3d: it may write any record below `apps/` and say anything on the socket. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { instancesMax } from "#core/limits.ts";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import { eventually, makeBench, testKey, type Bench } from "./bench.ts";
import { requestMax, type Answer } from "./protocol.ts";

let bench: Bench;
/** A file outside the root that nothing may create. */
let trophy: string;
beforeEach(async () => {
  bench = makeBench();
  trophy = join(dirname(bench.layout.root), "trophy");
  bench.release("blog", 1, { worker: { command: "exec sleep 1000" } });
  await bench.start();
});
afterEach(async () => {
  const won = existsSync(trophy);
  await bench.clean();
  assert.equal(won, false, "something of the attacker ran, or was written outside");
});

type Talk = { readonly socket: Socket; say(line: string | Buffer): void; readonly answers: Answer[]; closed: boolean };

async function talk(hello = true): Promise<Talk> {
  const socket = connect(bench.layout.supervisorSocket);
  const found: Talk = { socket, answers: [], closed: false, say: (line) => void socket.write(line) };
  let partial = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = (partial + chunk).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) found.answers.push(JSON.parse(line) as Answer);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => (found.closed = true));
  if (hello) {
    found.say(`${JSON.stringify({ id: 1, verb: "hello", args: { protocol: 1 } })}\n`);
    await eventually(() => found.answers.length === 1, "hello is answered");
    found.answers.length = 0;
  }
  return found;
}

/** Says one line and returns the code of its refusal; `ok` when it was served. */
async function codeOf(line: string, hello = true): Promise<string> {
  const one = await talk(hello);
  one.say(`${line}\n`);
  await eventually(() => one.answers.length > 0 || one.closed, `an answer to ${line.slice(0, 60)}`);
  one.socket.destroy();
  const answer = one.answers[0];
  return answer === undefined ? "closed" : answer.ok ? "ok" : answer.error.code;
}

const ask = (verb: string, args: unknown): Promise<string> => codeOf(JSON.stringify({ id: 7, verb, args }));
const refusals = (): string[] =>
  readFileSync(join(bench.layout.logs, "supervisor.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes(" sys refused"));

describe("requests of a hostile hop3d", () => {
  const malformed: Record<string, string> = {
    "no JSON": "{",
    "an empty line": "",
    "a list": "[]",
    "no verb": '{"id":1,"args":{}}',
    "a verb that is no text": '{"id":1,"verb":{},"args":{}}',
    "an id that is no number": '{"id":"1","verb":"status","args":{}}',
    "a key too many": '{"id":1,"verb":"status","args":{},"uid":0}',
    "a key that would change all objects": '{"id":1,"verb":"status","args":{},"__proto__":{"app":"blog"}}',
    "an unknown verb": '{"id":1,"verb":"exec","args":{"argv":["/bin/sh"]}}',
    "a verb that every object has": '{"id":1,"verb":"constructor","args":{}}',
    "a verb that is the prototype": '{"id":1,"verb":"__proto__","args":{}}',
  };
  for (const [name, line] of Object.entries(malformed)) {
    it(`refuses and logs ${name}`, async () => {
      assert.equal(await codeOf(line), "invalid");
      assert.equal(refusals().length, 1);
    });
  }

  it("refuses everything before hello, and another protocol", async () => {
    assert.equal(await codeOf('{"id":1,"verb":"status","args":{}}', false), "invalid");
    assert.equal(await codeOf('{"id":1,"verb":"hello","args":{"protocol":2}}', false), "conflict");
  });

  const names = [
    "../blog",
    "blog/../../x",
    "/etc",
    "blog\0",
    "BLOG",
    ".",
    "",
    "b".repeat(65),
    7,
    null,
    ["blog"],
    { toString: "blog" },
  ];
  for (const app of names) {
    it(`refuses the app name ${JSON.stringify(app)}`, async () => {
      for (const args of [{ app, release: 1 }]) assert.equal(await ask("app.start", args), "invalid");
      assert.equal(await ask("app.stop", { app }), "invalid");
      assert.equal(await ask("build.step", { app, build: 1, step: 0 }), "invalid");
      assert.equal(refusals().length, 3);
    });
  }

  for (const number of [-1, 1.5, 2 ** 60, "1", "../1", null, [1], true]) {
    it(`refuses the number ${JSON.stringify(number)}`, async () => {
      assert.equal(await ask("app.start", { app: "blog", release: number }), "invalid");
      assert.equal(await ask("app.scale", { app: "blog", counts: { web: number }, drain: 1, timeout: 1 }), "invalid");
      assert.equal(await ask("build.step", { app: "blog", build: 1, step: number }), "invalid");
    });
  }

  it("refuses an instance to probe that is a path, no id, or missing", async () => {
    for (const instance of ["../../x", "", "ABCDEFGH", "abcdefghi", 7, ["abcdefgh"], {}, undefined]) {
      assert.equal(await ask("app.probe", { app: "blog", release: 1, instance }), "invalid", JSON.stringify(instance));
    }
    assert.equal(await ask("app.probe", { app: "blog", release: 1, instance: null, command: "x" }), "invalid");
    // The record has no health command, whatever is asked after.
    for (const instance of [null, "abcdefgh"])
      assert.equal(await ask("app.probe", { app: "blog", release: 1, instance }), "unknown");
  });

  for (const extra of ["argv", "command", "uid", "user", "env", "cwd", "path", "__proto__", "constructor"]) {
    it(`refuses a smuggled ${extra}`, async () => {
      const args = `{"app":"blog","release":1,${JSON.stringify(extra)}:{"PATH":"/x"}}`;
      assert.equal(await codeOf(`{"id":1,"verb":"app.start","args":${args}}`), "invalid");
    });
  }

  it("refuses counts over the ceiling, of unknown types and of the prototype", async () => {
    assert.equal(await ask("app.start", { app: "blog", release: 1, counts: { worker: instancesMax + 1 } }), "invalid");
    assert.equal(await ask("app.start", { app: "blog", release: 1, counts: { web: 1 } }), "unknown");
    assert.equal(await ask("app.start", { app: "blog", release: 1, counts: { constructor: 1 } }), "unknown");
    const line = '{"id":1,"verb":"app.start","args":{"app":"blog","release":1,"counts":{"__proto__":1}}}';
    assert.equal(await codeOf(line), "invalid");
    assert.equal(({} as Record<string, unknown>)["app"], undefined);
  });

  it("ends a connection whose line is too long, whether or not it ever ends", async () => {
    const one = await talk();
    one.say(`{"id":1,"verb":"status","args":"${"x".repeat(requestMax)}"}\n`);
    await eventually(() => one.closed, "closed");
    assert.equal(one.answers[0]?.ok, false);
    const endless = await talk();
    const writer = setInterval(() => endless.say(Buffer.alloc(64 * 1024, 120)), 1);
    await eventually(() => endless.closed, "closed").finally(() => clearInterval(writer));
    assert.equal(refusals().length, 2);
  });

  it("slows a flood down, answers each request, logs the flood shortly and serves others after it", async () => {
    const one = await talk();
    const count = 3000;
    one.say(Array.from({ length: count }, (_, id) => `{"id":${id},"verb":"status","args":{}}\n`).join(""));
    await eventually(() => one.answers.length === count, "all are answered");
    const refused = one.answers.filter((answer) => !answer.ok && answer.error.code === "rate").length;
    assert.ok(refused > count / 2, `${refused} were refused`);
    await eventually(() => refusals().some((line) => line.includes("refused more")), "the flood is logged");
    assert.ok(refusals().length <= 4);
    await eventually(async () => (await ask("status", {})) === "ok", "it serves again");
  });

  it("counts what is malformed as a request, so that it cannot fill the log either", async () => {
    const one = await talk();
    const count = 3000;
    one.say("{\n".repeat(count));
    await eventually(() => one.answers.length === count, "all are answered");
    const codes = new Set(one.answers.map((answer) => (answer.ok ? "ok" : answer.error.code)));
    assert.deepEqual([...codes], ["invalid", "rate"]);
    // The burst, what came back to it meanwhile, and a line or two a second for the rest.
    assert.ok(refusals().length < count / 2, `${refusals().length} lines were logged`);
  });

  it("logs a flood of connections as one, too", async () => {
    const all = await Promise.all(Array.from({ length: 16 }, () => talk()));
    for (let turn = 0; turn < 50; turn += 1) assert.equal(await codeOf("{}", false), "closed");
    assert.ok(refusals().length < 25, `${refusals().length} lines were logged`);
    for (const one of all) one.socket.destroy();
  });

  it("takes no more than its connections, and goes on when they end", async () => {
    const all = await Promise.all(Array.from({ length: 16 }, () => talk()));
    assert.equal(await codeOf('{"id":1,"verb":"hello","args":{"protocol":1}}', false), "closed");
    for (const one of all) one.socket.destroy();
    await eventually(
      async () => (await codeOf('{"id":1,"verb":"hello","args":{"protocol":1}}', false)) === "ok",
      "served again",
    );
  });

  it("opens its socket to nobody else", () => {
    assert.equal(statSync(bench.layout.supervisorSocket).mode & 0o777, 0o600);
    assert.equal(statSync(bench.layout.run).mode & 0o077, 0);
  });
});

describe("records of a hostile hop3d", () => {
  const start = () => ask("app.start", { app: "blog", release: 1 });
  const path = () => bench.layout.releaseRecord("blog", 1);
  const good = () => JSON.parse(readFileSync(path(), "utf8")) as Record<string, unknown>;
  const rewrite = (change: Record<string, unknown>) => writeFileSync(path(), JSON.stringify({ ...good(), ...change }));
  const worker = { command: "sleep 1", count: 1, listens: "none", startTimeout: 1, stopTimeout: 1 };

  it("the record itself would be served", async () => {
    assert.equal(await start(), "ok");
  });

  const changes: Record<string, Record<string, unknown>> = {
    "of another app": { app: "shop" },
    "of another release": { release: 2 },
    "of a newer version": { version: 2 },
    "with a key too many": { uid: 0 },
    "with a working directory outside": { cwd: "../../../.." },
    "with an absolute working directory": { cwd: "/etc" },
    "with a NUL in the working directory": { cwd: "a\0b" },
    "with a NUL in a command": { processes: { worker: { ...worker, command: "a\0b" } } },
    "with an empty command": { processes: { worker: { ...worker, command: " " } } },
    "with a process named as a path": { processes: { "../worker": worker } },
    "with more instances than the ceiling": { processes: { worker: { ...worker, count: instancesMax + 1 } } },
    "with an endless stop": { processes: { worker: { ...worker, stopTimeout: 1e9 } } },
    "with a user for a process": { processes: { worker: { ...worker, user: "root" } } },
    "with more processes than the ceiling": {
      processes: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`w${n}`, worker])),
    },
    "with a hook named as a path": { hooks: [{ name: "../x", command: "true", timeout: 1 }] },
    "with a health command for another user": { probe: { command: "true", timeout: 1, user: "root" } },
    "with a health command that is a list": { probe: { command: ["true"], timeout: 1 } },
    "with an endless health command": { probe: { command: "true", timeout: 1e9 } },
    "with an empty health command": { probe: { command: "", timeout: 1 } },
    "whose health command is nothing": { probe: null },
    "with limits that are no object": { limits: [] },
    "with a limit that is none": { limits: { app: { memory: "64M" }, types: {} } },
    "with a limit below nothing": { limits: { app: { processes: -1 }, types: {} } },
    "with half a process": { limits: { app: { processes: 20.5 }, types: {} } },
    "with limits of a process named as a path": { limits: { app: {}, types: { "../web": {} } } },
    "with a limit of the whole for a type": { limits: { app: {}, types: { web: { disk: 1e9 } } } },
    "with a limit that nobody knows": { limits: { app: { user: 0 }, types: {} } },
    "with a ceiling of its own": { limits: { app: {}, types: {}, ceiling: {} } },
    "with a build that is a path": { build: "../1" },
    "whose processes are a list": { processes: [] },
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`refuses a release ${name}`, async () => {
      rewrite(change);
      assert.equal(await start(), "invalid");
      assert.equal(refusals().length, 1);
    });
  }

  it("refuses what is no JSON, too large, missing or no file", async () => {
    writeFileSync(path(), "{ not json");
    assert.equal(await start(), "invalid");
    writeFileSync(path(), Buffer.alloc(2 * 1024 * 1024, 32));
    assert.equal(await start(), "invalid");
    rmSync(path());
    assert.equal(await start(), "unknown");
    mkdirSync(path());
    assert.equal(await start(), "invalid");
    rmSync(path(), { recursive: true });
    execFileSync("mkfifo", [path()]);
    assert.equal(await start(), "invalid"); // and does not hang in it
  });

  it("follows no link: to a record, through a release, an app or a tree", async () => {
    const outside = join(dirname(bench.layout.root), "outside");
    const places = [
      path(),
      bench.layout.release("blog", 1),
      dirname(bench.layout.release("blog", 1)),
      bench.layout.app("blog"),
    ];
    for (const place of places) {
      renameSync(place, outside);
      symlinkSync(outside, place);
      assert.equal(await start(), "invalid", place);
      rmSync(place);
      renameSync(outside, place);
    }
  });

  it("enters no working directory through a link, and says why it could not start", async () => {
    const tree = bench.layout.buildTree("blog", 1);
    const outside = join(dirname(bench.layout.root), "outside");
    renameSync(tree, outside);
    symlinkSync(outside, tree);
    rewrite({ processes: { worker: { ...worker, command: `touch ${trophy}` } } });
    assert.equal(await start(), "ok"); // the record is in order; starting the process is what fails
    const { ready, status } = await bench.client.call("app.await", { app: "blog", release: 1, timeout: 10 });
    assert.equal(ready, false);
    assert.match(status.instances[0]?.lastExit ?? "", /link/);
    rmSync(tree);
    renameSync(outside, tree);
  });

  it("opens no environment that was sealed for another app or with another key, and takes no names that are not names", async () => {
    const envs = [
      sealEnv(testKey, recordEnvContext("release", "shop", 1), {}),
      sealEnv(Buffer.alloc(32, 9), recordEnvContext("release", "blog", 1), {}),
      sealEnv(testKey, recordEnvContext("release", "blog", 1), { "X;touch": "1" }),
      sealEnv(testKey, recordEnvContext("release", "blog", 1), { X: "a\0b" }),
      "v1.x.y",
    ];
    for (const [index, env] of envs.entries()) {
      const release = index + 10;
      bench.release("blog", release, {}, { env, probe: { command: `touch ${trophy}`, timeout: 1 } });
      assert.equal(await ask("app.probe", { app: "blog", release, instance: null }), "invalid");
      bench.release(
        "blog",
        release,
        { worker: { command: `touch ${trophy}` } },
        {
          env,
        },
      );
      await bench.client.call("app.start", { app: "blog", release });
      const { ready, status } = await bench.client.call("app.await", { app: "blog", release, timeout: 10 });
      assert.equal(ready, false);
      assert.equal(status.instances.find((one) => one.release === release)?.failure, "exited");
    }
  });

  it("a record cannot name itself another instance, or move its port or socket", async () => {
    Object.assign(bench.env, {
      HOP3_INSTANCE: "caddy-00000000",
      PORT: "1",
      HOP3_SOCKET: "/x",
      PROC_TYPE: "root",
      LD_PRELOAD: "",
    });
    const names = "HOP3_INSTANCE PORT HOP3_SOCKET PROC_TYPE";
    bench.release("shop", 1, {
      web: { command: `for n in ${names}; do eval echo "$n=\\$$n"; done > seen; exec sleep 1000`, startTimeout: 1 },
    });
    await bench.client.call("app.start", { app: "shop", release: 1 });
    const seen = join(bench.layout.buildTree("shop", 1), "seen");
    await eventually(
      () => existsSync(seen) && readFileSync(seen, "utf8").includes("PROC_TYPE"),
      "the app wrote its environment",
    );
    assert.match(
      readFileSync(seen, "utf8"),
      /^HOP3_INSTANCE=[a-z0-9]{8}\nPORT=3\d{4}\nHOP3_SOCKET=\/.*\/s\.sock\nPROC_TYPE=web\.1\n$/,
    );
  });

  it("refuses steps and hooks of builds that break the same rules", async () => {
    bench.build("blog", 2, [{ argv: ["touch", trophy], cwd: "../../.." }]);
    assert.equal(await ask("build.step", { app: "blog", build: 2, step: 0 }), "invalid");
    bench.build("blog", 3, [{ argv: [] }]);
    assert.equal(await ask("build.step", { app: "blog", build: 3, step: 0 }), "invalid");
    bench.build("blog", 4, [{ timeout: 1e9 }]);
    assert.equal(await ask("build.step", { app: "blog", build: 4, step: 0 }), "invalid");
    bench.build("blog", 5, [{}]);
    assert.equal(await ask("build.step", { app: "blog", build: 5, step: 1 }), "unknown");
    assert.equal(await ask("release.hook", { app: "blog", release: 1, hook: 0 }), "unknown");
  });

  it("refuses a build log that leads outside", async () => {
    bench.build("blog", 2, [{ argv: ["/bin/echo", "hello"] }]);
    symlinkSync(trophy, bench.layout.buildLog("blog", 2));
    assert.equal(await ask("build.step", { app: "blog", build: 2, step: 0 }), "invalid");
    assert.equal(existsSync(trophy), false);
  });
});
