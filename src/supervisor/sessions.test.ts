import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Credit, sendAll } from "#core/session-credit.ts";
import { dyingArgv } from "./dying-argv.ts";
import { benchProcesses, eventually, makeBench, type Bench } from "./bench.ts";
import { joinSession, sessionClient, testToken, writeSession } from "./testing-session.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
  bench.release("blog", 1, {});
});
afterEach(() => bench.clean());

const shell = (line: string) => ["/bin/sh", "-c", line];
const terminal = { columns: 80, rows: 24 };
const left = () => benchProcesses(bench.layout.root).filter((pid) => !commandOf(pid).includes("dying.ts"));
const commandOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
};
const nothingLeft = () =>
  eventually(
    () => left().length === 0 && readdirSync(join(bench.layout.supervisor, "sessions")).length === 0,
    "nothing left of the session",
  );
const sessionProcess = () => {
  const pid = left().find((one) => commandOf(one).includes("session.ts"));
  assert.ok(pid !== undefined, "there is a session process");
  return pid;
};

describe("a session without a terminal", () => {
  it("runs in the release's tree and environment with stdout and stderr apart, and leaves nothing", async () => {
    await bench.start();
    bench.env["SECRET"] = "of the release";
    bench.release("blog", 1, {});
    const client = await joinSession(bench, 3, {
      argv: shell('pwd; echo "$SECRET $MORE $PROC_TYPE $BIND_ADDRESS"; echo oops >&2; exit 7'),
      env: { MORE: "of the session", PROC_TYPE: "web.1" },
    });
    assert.deepEqual(await client.last, { type: "exit", code: 7 });
    assert.equal(
      client.said.stdout,
      `${bench.layout.buildTree("blog", 1)}\nof the release of the session run.3 127.0.0.1\n`,
    );
    assert.equal(client.said.stderr, "oops\n");
    await nothingLeft();
    assert.deepEqual(readdirSync(bench.layout.sessionSockets), []);
  });

  for (const [line, code] of [
    ["exit 0", 0],
    ["exit 255", 255],
    ["kill -9 $$", 137],
    ["kill -INT $$", 130],
    ["sleep 1000 & echo done", 0],
  ] as const) {
    it(`${line}: ${code}`, async () => {
      await bench.start();
      assert.deepEqual(await (await joinSession(bench, 1, { argv: shell(line) })).last, { type: "exit", code });
      await nothingLeft();
    });
  }

  it("a program that is not there is 127, one that is none 126, as a shell says it", async () => {
    await bench.start();
    writeFileSync(join(bench.layout.buildTree("blog", 1), "note.txt"), "no program");
    for (const [program, code] of [
      ["no-such-tool", 127],
      ["./note.txt", 126],
    ] as const) {
      for (const size of [null, terminal]) {
        const client = await joinSession(bench, 1, { argv: [program], terminal: size });
        assert.deepEqual(await client.last, { type: "exit", code });
        assert.match(client.said.stdout + client.said.stderr, /hop3: .*(not found|denied)/);
        await nothingLeft();
      }
    }
  });

  it("passes 50 MB of any bytes through a command and back", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: ["cat"] }, true);
    const piece = randomBytes(1024 * 1024);
    const sent = createHash("sha256");
    const credit = new Credit();
    grantedOf(client.socket, credit);
    const source = (async function* pieces() {
      for (let turn = 0; turn < 50; turn += 1) {
        sent.update(piece);
        yield piece;
      }
    })();
    await sendAll(source, credit, (data) => client.send({ type: "stdin", data }));
    client.send({ type: "stdin-end" });
    assert.deepEqual(await client.last, { type: "exit", code: 0 });
    assert.equal(client.taken.bytes, 50 * 1024 * 1024);
    assert.equal(client.taken.hash(), sent.digest("hex"));
  });

  it("stands still for a client that takes nothing, hears it all the same, and loses nothing", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, {
      argv: shell("trap 'touch told' INT; head -c 3000000 /dev/zero; exit 4"),
    });
    client.stalled = true;
    await eventually(() => client.taken.bytes >= 256 * 1024, "a window is full");
    client.send({ type: "signal", signal: "SIGINT" });
    // The trap is run when `head` has ended: by the signal, at once, with the rest of its output unsaid.
    await eventually(() => existsSync(join(bench.layout.buildTree("blog", 1), "told")), "the signal came through");
    const held = client.taken.bytes;
    assert.equal(held, 256 * 1024);
    client.stalled = false;
    client.send({ type: "grant", stream: "stdout", bytes: held });
    assert.deepEqual(await client.last, { type: "exit", code: 4 });
    assert.ok(client.taken.bytes > held);
  });

  it("keeps what a command has said for a client that is slow, also after the command's end", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell("head -c 330000 /dev/zero") });
    client.stalled = true;
    await eventually(() => client.taken.bytes >= 256 * 1024, "a window is full");
    await eventually(() => !left().some((pid) => commandOf(pid).startsWith("head")), "the command has ended");
    await new Promise((resolve) => setTimeout(resolve, 1000)); // longer than its last words may take
    client.stalled = false;
    client.send({ type: "grant", stream: "stdout", bytes: client.taken.bytes });
    assert.deepEqual(await client.last, { type: "exit", code: 0 });
    assert.equal(client.taken.bytes, 330_000);
  });

  it("ends a client that sends more than was asked for", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell("sleep 1000") });
    for (let turn = 0; turn < 40; turn += 1) client.send({ type: "stdin", data: Buffer.alloc(64 * 1024) });
    assert.equal((await client.last)?.type, "failed");
    await nothingLeft();
  });
});

describe("a session with a terminal", () => {
  it("has its size, is told a new one, and is one stream", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, {
      argv: shell('stty size; tty; echo err >&2; read line; stty size; echo "$TERM"; exit 3'),
      env: { TERM: "xterm-256color" },
      terminal,
    });
    await client.until("err");
    assert.match(client.said.stdout, /^24 80\r\n\/dev\/pts\/\d+\r\nerr\r\n/);
    client.send({ type: "resize", columns: 132, rows: 50 });
    client.send({ type: "stdin", data: Buffer.from("on\r") });
    assert.deepEqual(await client.last, { type: "exit", code: 3 });
    assert.match(client.said.stdout, /50 132\r\nxterm-256color\r\n$/);
    await nothingLeft();
  });

  it("Ctrl-C reaches the foreground, Ctrl-D ends input, and a shell goes on", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: ["/bin/sh", "-i"], env: { PS1: "ready> " }, terminal });
    await client.until("ready> ");
    client.send({ type: "stdin", data: Buffer.from("sleep 1000\r") });
    await eventually(() => left().some((pid) => commandOf(pid).startsWith("sleep")), "it sleeps");
    client.send({ type: "stdin", data: Buffer.from("\u0003") });
    await eventually(() => !left().some((pid) => commandOf(pid).startsWith("sleep")), "it was interrupted");
    client.send({ type: "stdin", data: Buffer.from("cat; exit 9\r") });
    await eventually(() => left().some((pid) => commandOf(pid).startsWith("cat")), "it reads");
    client.send({ type: "stdin", data: Buffer.from("\u0004") });
    assert.deepEqual(await client.last, { type: "exit", code: 9 });
    await nothingLeft();
  });

  it("loses nothing of what was said last, whoever is slow", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell("head -c 330000 /dev/zero; echo the end"), terminal });
    client.stalled = true;
    await eventually(() => client.taken.bytes >= 256 * 1024, "a window is full");
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.stalled = false;
    client.send({ type: "grant", stream: "stdout", bytes: client.taken.bytes });
    assert.equal((await client.last)?.type, "exit");
    assert.match(client.said.stdout.slice(-20), /the end\r\n$/);
    assert.equal(client.taken.bytes, 330_009);
  });
});

describe("a session ends with its whole tree", () => {
  const stubborn =
    "trap '' HUP TERM; (setsid sh -c \"trap '' HUP TERM; sleep 1000\" &); echo up; while :; do sleep 1; done";

  for (const [name, size] of [
    ["pipes", null],
    ["a terminal", terminal],
  ] as const) {
    it(`when its client has gone, with ${name}`, async () => {
      await bench.start();
      const client = await joinSession(bench, 1, { argv: shell(stubborn), terminal: size });
      await client.until("up");
      client.socket.destroy();
      await nothingLeft();
    });

    it(`when its process is killed, with ${name}; the client sees no end`, async () => {
      await bench.start();
      const client = await joinSession(bench, 1, { argv: shell(stubborn), terminal: size });
      await client.until("up");
      process.kill(sessionProcess(), "SIGKILL");
      assert.equal(await client.last, undefined);
      await nothingLeft();
    });

    it(`when its client has gone after the supervisor was killed, which it has not noticed, with ${name}`, async () => {
      const first = spawn(process.execPath, dyingArgv(bench.layout), { stdio: ["ignore", "pipe", "inherit"] });
      await once(first.stdout, "data");
      const ticking = stubborn.replace("while :; do", "n=0; while :; do n=$((n+1)); echo tick$n;");
      const client = await joinSession(bench, 1, { argv: shell(ticking), terminal: size });
      await client.until("tick1");
      const died = once(first, "exit");
      first.kill("SIGKILL");
      await died;
      await bench.start();
      await client.until("tick4");
      writeSession(bench, 1, {});
      await assert.rejects(bench.client.call("session.open", { app: "blog", session: 1 }), /runs already/);
      client.socket.destroy();
      await nothingLeft();
      assert.deepEqual(readdirSync(bench.layout.sessionSockets), []);
    });
  }

  it("when hop3d, its time or the end of its process says so, also under the next supervisor", async () => {
    const first = spawn(process.execPath, dyingArgv(bench.layout), { stdio: ["ignore", "pipe", "inherit"] });
    await once(first.stdout, "data");
    const asked = await joinSession(bench, 1, { argv: shell(stubborn) });
    const late = await joinSession(bench, 2, { argv: shell(stubborn), timeout: 5 });
    const killed = await joinSession(bench, 3, { argv: shell(stubborn) });
    for (const client of [asked, late, killed]) await client.until("up");
    const died = once(first, "exit");
    first.kill("SIGKILL");
    await died;
    const running = await bench.start();
    assert.deepEqual(await bench.client.call("session.end", { app: "blog", session: 1 }), { ended: true });
    assert.equal(await asked.last, undefined);
    assert.deepEqual(await late.last, { type: "failed", reason: "it took longer than 5 s, which is the limit" });
    process.kill(sessionProcess(), "SIGKILL");
    assert.equal(await killed.last, undefined);
    await nothingLeft();
    await running.stop();
  });

  for (const point of ["before-session", "after-session", "session-ready"]) {
    it(`when the supervisor dies at ${point}`, async () => {
      writeSession(bench, 1, { argv: shell(stubborn) });
      const first = spawn(process.execPath, dyingArgv(bench.layout, point), { stdio: ["ignore", "pipe", "inherit"] });
      await once(first.stdout, "data");
      const died = once(first, "exit");
      await assert.rejects(bench.client.call("session.open", { app: "blog", session: 1 }), { code: "UNAVAILABLE" });
      await died;
      await bench.start();
      await nothingLeft();
      assert.deepEqual(readdirSync(bench.layout.sessionSockets), []);
    });
  }

  it("when its time is over, and the client is told", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell(stubborn), timeout: 1 });
    assert.deepEqual(await client.last, { type: "failed", reason: "it took longer than 1 s, which is the limit" });
    await nothingLeft();
  });

  it("when its process is stopped and hop3d says that the client has gone", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell(stubborn) });
    await client.until("up");
    process.kill(sessionProcess(), "SIGSTOP");
    client.socket.destroy();
    assert.deepEqual(await bench.client.call("session.end", { app: "blog", session: 1 }), { ended: true });
    await nothingLeft();
  });

  it("when its app is forgotten, when all are ended, and when the supervisor stops", async () => {
    const running = await bench.start();
    bench.release("blog", 2, { worker: {} });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    const one = await joinSession(bench, 1, { argv: shell(stubborn) });
    await one.until("up");
    await bench.client.call("app.forget", { app: "blog" });
    assert.equal(await one.last, undefined);
    const two = await joinSession(bench, 1, { argv: shell(stubborn) });
    await two.until("up");
    assert.deepEqual(await bench.client.call("session.clear", {}), { ended: 1 });
    assert.equal(await two.last, undefined);
    const three = await joinSession(bench, 1, { argv: shell(stubborn) });
    await three.until("up");
    await running.stop();
    assert.equal(await three.last, undefined);
    await nothingLeft();
  });
});

describe("who is let in", () => {
  it("only who says the token, and only one; then the socket is gone", async () => {
    await bench.start();
    writeSession(bench, 1, { argv: shell("echo in; sleep 1000") });
    const { socket: path } = await bench.client.call("session.open", { app: "blog", session: 1 });
    const stranger = connect(path);
    stranger.write("x".repeat(testToken.length));
    await once(stranger.resume(), "close");
    const half = connect(path);
    half.end("ttt");
    await once(half.resume(), "close");
    const socket = connect(path);
    socket.write(testToken);
    const client = sessionClient(socket);
    await client.until("in");
    assert.equal(existsSync(path), false);
    socket.destroy();
    await nothingLeft();
  });

  it("20 at once run side by side; more than the limits are refused", async () => {
    await bench.start({ limits: { ports: { first: 30_500, last: 31_499 }, sessionsPerApp: 20 } });
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        joinSession(bench, index + 1, { argv: shell("echo up; read x; exit 5") }),
      ),
    );
    await Promise.all(clients.map((one) => one.until("up")));
    await assert.rejects(joinSession(bench, 21, {}), { code: "RATE_LIMITED" });
    await assert.rejects(joinSession(bench, 1, {}), { code: "CONFLICT" });
    for (const one of clients) one.send({ type: "stdin-end" });
    assert.deepEqual(new Set(await Promise.all(clients.map(async (one) => JSON.stringify(await one.last)))).size, 1);
    await nothingLeft();
  });

  it("a record that is not what it should be runs nothing", async () => {
    await bench.start();
    const refused = async (wish: Parameters<typeof writeSession>[2], code = "SUPERVISOR_REFUSED") => {
      writeSession(bench, 1, wish);
      await assert.rejects(bench.client.call("session.open", { app: "blog", session: 1 }), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, code, error.message);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      });
    };
    await refused({ argv: [] });
    await refused({ argv: ["a\0b"] });
    await refused({ argv: ["echo", "s3cret".repeat(20_000)] });
    await refused({ env: { "A B s3cret": "1" } });
    await refused({ token: "short" });
    await refused({ terminal: { columns: 0, rows: 24 } });
    await refused({ timeout: 1e9 });
    await refused({ session: 2 });
    await refused({ app: "shop" });
    await refused({ sealed: "v1.s3cret.x" });
    await refused({ release: 9 }, "NOT_FOUND");
    await refused({ ...({ uid: 0 } as object) });
    assert.deepEqual(left(), []);
  });

  it("nothing of the command or its variables stands in an argument list of ours", async () => {
    await bench.start();
    const client = await joinSession(bench, 1, { argv: shell("echo up; read x"), env: { KEY: "s3cret-canary" } });
    await client.until("up");
    const pid = sessionProcess();
    assert.doesNotMatch(commandOf(pid), /canary|read x/);
    assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, "latin1"), /canary/);
    client.send({ type: "stdin-end" });
    await client.last;
  });
});

/** What the session grants for stdin. */
function grantedOf(socket: Socket, credit: Credit): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1);
      if (rest[0] === 5 && rest[5] === 0) credit.grant(rest.readUInt32BE(6));
      rest = rest.subarray(5 + length);
    }
  });
}
