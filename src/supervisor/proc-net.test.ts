import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { connectionsTo, dialUnix } from "./proc-net.ts";

test("a connection counts from the connect on, before the app has accepted it", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-proc-net-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "s.sock");
  // A listener whose event loop never turns again: it accepts nobody.
  const program = join(dir, "deaf.mjs");
  writeFileSync(
    program,
    `import { createServer } from "node:net";
     import { writeSync } from "node:fs";
     createServer().listen(${JSON.stringify(path)}, () => { writeSync(1, "listens"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });`,
  );
  const deaf = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => deaf.kill("SIGKILL"));
  await once(deaf.stdout, "data");
  assert.equal(connectionsTo(dialUnix(path)), 0);
  const socket = connect(path);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  assert.equal(connectionsTo(dialUnix(path)), 1);
});

test("an accepted connection counts until it is closed", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-proc-net-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "s.sock");
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  const accepted = once(server, "connection");
  const socket = connect(path);
  await accepted;
  assert.equal(connectionsTo(dialUnix(path)), 1);
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
  assert.equal(connectionsTo(dialUnix(path)), 0);
});
