import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { choosePorts } from "./choose-ports.ts";
import { readServerSettings } from "./settings.ts";

const settings = (apiPort: number, httpPort: number) => ({
  ...readServerSettings({ HOP3_ROOT: "/srv/hop3", HOP3_RUN_DIR: "/run/x" }, 1000),
  apiPort,
  httpPort,
});

test("a port that is taken is replaced by the next free one, which is said", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const said: string[] = [];
  const { apiPort } = await choosePorts(settings(port, port + 200), (line) => said.push(line));
  assert.ok(apiPort > port && apiPort < port + 100, `${apiPort}`);
  assert.ok(said.includes(`Port ${port} is taken: API uses ${apiPort} instead.`), said.join("\n"));
});

test("API and edge never get one port, also when somebody asks for it", async () => {
  const said: string[] = [];
  const { apiPort, httpPort } = await choosePorts(settings(21_980, 21_980), (line) => said.push(line));
  assert.notEqual(apiPort, httpPort);
  assert.match(said.join("\n"), new RegExp(`HTTP uses ${httpPort} instead`));
});

test("HTTPS has a port of its own too, when it is served", async () => {
  const said: string[] = [];
  const wanted = { ...settings(22_180, 22_181), https: { port: 22_181 } };
  const { apiPort, httpPort, https } = await choosePorts(wanted, (line) => said.push(line));
  assert.equal(new Set([apiPort, httpPort, https?.port]).size, 3);
  assert.match(said.join("\n"), new RegExp(`HTTPS uses ${https?.port} instead`));
});
