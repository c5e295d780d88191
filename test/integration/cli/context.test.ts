import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandLine } from "./command-line.ts";

test("login checks the token, keeps it in a file of mode 0600, and later lines use it", async (context) => {
  const { run, bare, home, url } = await commandLine(context);
  const login = await run(["login", url, "--token-stdin"], { env: bare, input: "admin-token\n" });
  assert.equal(login.exitCode, 0, login.stderr);
  assert.match(login.stderr, /logged in .* as ada \(admin\)/);
  const file = join(home, ".config/hop3-cli/servers.toml");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await run(["whoami"], { env: bare })).exitCode, 0);

  const tokenFile = join(home, "token");
  writeFileSync(tokenFile, "viewer-token");
  await run(["login", url, "--server", "second", "--token-file", tokenFile], { env: bare });
  const both = await run(["whoami"], { env: bare });
  assert.equal(both.exitCode, 3);
  assert.match(both.stderr, /--server: .*second/);
  assert.match((await run(["whoami", "--server", "second"], { env: bare })).stdout, /^user +vi\n/);
  assert.match((await run(["whoami"], { env: { ...bare, HOP3_SERVER: "second" } })).stdout, /^user +vi\n/);
  assert.match((await run(["whoami", "--server", "secnd"], { env: bare })).stderr, /Did you mean second/);

  chmodSync(file, 0o644);
  const open = await run(["whoami", "--server", "second"], { env: bare });
  assert.equal(open.exitCode, 2);
  assert.match(open.stderr, /can be read by others[^]*chmod 600/);
});

test("a wrong token is not kept, and none is needed to learn that it is no Hop3 server", async (context) => {
  const { run, bare, home, url } = await commandLine(context);
  const wrong = await run(["login", url, "--token-stdin"], { env: bare, input: "wrong-token" });
  assert.equal(wrong.exitCode, 4);
  assert.throws(() => readFileSync(join(home, ".config/hop3-cli/servers.toml")), { code: "ENOENT" });
  assert.equal((await run(["login", "http://127.0.0.1:1", "--token-stdin"], { env: bare, input: "x" })).exitCode, 7);
  const clear = await run(["login", "http://192.0.2.1", "--no-input"], { env: bare, input: "" });
  assert.notEqual(clear.exitCode, 0);
  assert.equal((await run(["login", url], { env: bare })).exitCode, 2);
});

test("the app is found by the chain, the first that names it winning", async (context) => {
  const { run, loggedIn, home, platform } = await commandLine(context);
  const blog = platform.apps.get("blog");
  assert.ok(blog);
  for (const name of ["by-flag", "by-env", "by-file", "by-cli", "by-id"]) platform.apps.set(name, { ...blog });
  const folder = join(home, "project/deep");
  mkdirSync(folder, { recursive: true });
  const which = async (line: string[] = [], env: Record<string, string> = loggedIn) =>
    (await run(["status", "--json", ...line], { cwd: folder, env })).envelope().meta.app;

  writeFileSync(join(home, "project/hop3.toml"), '[metadata]\nid = "by-id"\n');
  assert.equal(await which(), "by-id");
  writeFileSync(join(home, "project/hop3.toml"), '[metadata]\nid = "by-id"\n[cli]\napp = "by-cli"\n');
  assert.equal(await which(), "by-cli");
  writeFileSync(join(home, "project/.hop3-app"), "by-file\n");
  assert.equal(await which(), "by-file");
  assert.equal(await which([], { ...loggedIn, HOP3_APP: "by-env" }), "by-env");
  assert.equal(await which(["-a", "by-flag"], { ...loggedIn, HOP3_APP: "by-env" }), "by-flag");

  const guarded = await run(["restart"], { cwd: folder, env: { ...loggedIn, HOP3_APP: "by-env" } });
  assert.equal(guarded.exitCode, 6);
  assert.match(guarded.stderr, /by-env.*by-id/);
  const forced = await run(["restart", "--force"], { cwd: folder, env: { ...loggedIn, HOP3_APP: "by-env" } });
  assert.equal(forced.exitCode, 0, forced.stderr);
});
