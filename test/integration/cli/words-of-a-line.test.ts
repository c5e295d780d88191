/** What is typed, and what else of the person's own is read: old names, aliases, files that are broken, two at once. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { commandLine } from "./command-line.ts";
import { hop3InProcess, type Place } from "./in-process.ts";

async function atHome(context: TestContext) {
  const { url, platform } = await commandLine(context);
  const home = mkdtempSync(join(tmpdir(), "hop3-line-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, "config"));
  const servers = join(home, "config/servers.toml");
  writeFileSync(servers, `[servers.one]\nurl = "${url}"\ntoken = "admin-token"\n`, { mode: 0o600 });
  const hop3 = (line: readonly string[], more: Partial<Place> = {}) =>
    hop3InProcess(line, { cwd: home, home, ...more });
  return {
    home,
    servers,
    platform,
    hop3,
    url,
    config: (text: string) => writeFileSync(join(home, "config/config.toml"), text),
  };
}

test("old names with colons work, and say on stderr what they are called now", async (context) => {
  const { hop3 } = await atHome(context);
  const cases: [string[], RegExp, RegExp][] = [
    [["app:logs", "--app", "blog"], /line 1/, /^`hop3 app:logs` is now `hop3 app logs`\.\n$/],
    [["config:show", "-a", "blog"], /TOKEN/, /is now `hop3 env show`/],
    [["config:get", "TOKEN", "-a", "blog"], /canary-secret/, /is now `hop3 env get`/],
    [["-a", "blog", "config:get", "TOKEN"], /canary-secret/, /is now `hop3 env get`/],
    [["auth:whoami"], /ada/, /is now `hop3 whoami`/],
    [["system:info"], /caddy/, /is now `hop3 system info`/],
  ];
  for (const [line, stdout, stderr] of cases) {
    const said = await hop3(line);
    assert.equal(said.exit, 0, `${line.join(" ")}: ${said.stderr}`);
    assert.match(said.stdout, stdout);
    assert.match(said.stderr, stderr);
  }
  assert.equal((await hop3(["app:logs", "-a", "blog", "--json"])).stderr, "");
  for (const word of ["app:nothing", "constructor:x", "a:b:c:d:e:f", ":", "app:"]) {
    const said = await hop3([word]);
    assert.equal(said.exit, 2, word);
    assert.match(said.stderr, /There is no command/);
  }
  const argument = await hop3(["env", "set", "A=app:logs", "-a", "blog"]);
  assert.equal(argument.exit, 0, argument.stderr);
  assert.doesNotMatch(argument.stderr, /is now/);
});

test("a person's aliases are words for words, and never take a command's place", async (context) => {
  const { hop3, config, home } = await atHome(context);
  config(
    '[aliases]\ntail = "app logs --app blog"\nsay = "hop3 env get \'TOKEN\'"\napps = "system info"\nloop = "loop"\n',
  );
  assert.match((await hop3(["tail"])).stdout, /line 1/);
  assert.match((await hop3(["say", "-a", "blog"])).stdout, /canary-secret/);
  assert.match((await hop3(["apps"])).stdout, /^NAME/, "a command is never shadowed");
  assert.equal((await hop3(["tail", "--no-alias"])).exit, 2);
  assert.equal((await hop3(["loop"])).exit, 2, "expanded once");
  const listed = await hop3(["aliases"]);
  assert.match(listed.stdout, /tail +app logs --app blog +.*config\.toml/);
  assert.match(listed.stdout, /apps +system info +.*ignored: it is a command/);
  for (const [text, why] of [
    ['[aliases]\nx = "touch pwned; apps"\n', /no command/],
    ["[aliases]\nx = 3\n", /alias x must be a text/],
    ['[aliases]\nx = "app \\"logs"\n', /quote that is not closed/],
    ['[aliases]\n"a b" = "apps"\n', /no name for an alias/],
    ['aliases = "x"\n', /`aliases` is no table/],
    ["[aliases\n", /config\.toml, line 1, is not valid TOML/],
  ] as const) {
    config(text);
    const said = await hop3(["x"]);
    assert.equal(said.exit, 2, text);
    assert.match(said.stderr, why);
    assert.equal((await hop3(["apps"])).exit, 0, "what needs no alias does not read them");
  }
  assert.ok(!existsSync(join(home, "pwned")));
});

test("a file of the client's that is cut off, of wrong types or open to others is one clear error", async (context) => {
  const { hop3, servers, home, url } = await atHome(context);
  const whole = readFileSync(servers, "utf8");
  const cases: [string, RegExp][] = [
    [whole.slice(0, -6), /servers\.toml, line 3, is not valid TOML/],
    ["[servers.one]\nurl = 3\n", /`url` of server "one" must be a text/],
    ["[servers.one]\ntoken = 'x'\n", /server "one" has no url/],
    [`[servers.one]\nurl = "${url}"\nprotected = "yes"\n`, /`protected` of server "one" must be true or false/],
    [`[servers.one]\nurl = "${url}"\ndefault_app = "../x"\n`, /no app name/],
    [`[servers.one]\nurl = "ssh://ada@host"\napi_port = 99999\n`, /`api_port` of server "one" must be a port/],
    [`[servers.one]\nurl = "${url}"\nverify_ssl = false\n`, /verify_ssl[^]*ssl_cert/],
    ["[servers]\none = 1\n", /server "one" is no table/],
    ["servers = []\n", /`servers` is no table/],
    ["[servers.'../../x']\nurl = 'x'\n", /not a valid server name/],
    ["[servers.\"a\\u202eb\"]\nurl = 'x'\n", /not a valid server name/],
    ["\u0000\u0001", /not valid TOML/],
  ];
  for (const [text, why] of cases) {
    writeFileSync(servers, text);
    const said = await hop3(["apps"]);
    assert.equal(said.exit, 2, `${text}: ${said.stderr}`);
    assert.match(said.stderr, why);
    assert.equal(said.stderr.match(/hop3: /g)?.length, 1);
    assert.doesNotMatch(said.stderr, /admin-token|\u202e/);
    assert.equal(readFileSync(servers, "utf8"), text, "and it is left as it is");
  }
  rmSync(servers);
  mkdirSync(servers);
  assert.match((await hop3(["apps"])).stderr, /is no file/);
  rmSync(servers, { recursive: true });
  writeFileSync(servers, whole);
  chmodSync(servers, 0o640);
  assert.match((await hop3(["apps"])).stderr, /can be read by others/);
  chmodSync(servers, 0o600);
  writeFileSync(join(home, "hop3.toml"), "[contexts]\nprod = 3\n");
  assert.match((await hop3(["apps"])).stderr, /context "prod" is no table/);
  writeFileSync(join(home, "hop3.toml"), "");
  writeFileSync(join(home, ".hop3-local.toml"), "[current]\ncontext = '../x'\n");
  assert.match((await hop3(["apps"])).stderr, /not a valid name of a context/);
});

test("ten at once register ten servers, and what else stands in the file stays", async (context) => {
  const { hop3, servers } = await atHome(context);
  writeFileSync(servers, `${readFileSync(servers, "utf8")}later = "kept"\n[servers.one.more]\nx = 1\n`);
  const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
  const done = await Promise.all(names.map((name) => hop3(["server", "add", name, `https://${name}.example.com`])));
  assert.deepEqual([...new Set(done.map(({ exit }) => exit))], [0], done.map(({ stderr }) => stderr).join(""));
  const text = readFileSync(servers, "utf8");
  for (const name of names) assert.ok(text.includes(`[servers.${name}]`), text);
  assert.match(text, /later = "kept"[^]*x = 1/);
  assert.equal(statSync(servers).mode & 0o777, 0o600);
  assert.ok(!existsSync(`${servers}.lock`));
});

test("a lock whose process is gone is taken over, and a link is followed", async (context) => {
  const { hop3, servers, home } = await atHome(context);
  const real = join(home, "dotfiles.toml");
  writeFileSync(real, readFileSync(servers, "utf8"), { mode: 0o600 });
  rmSync(servers);
  symlinkSync(real, servers);
  writeFileSync(`${real}.lock`, String(spawnSync("true").pid));
  assert.equal((await hop3(["server", "add", "two", "https://two.example.com"])).exit, 0);
  assert.match(readFileSync(real, "utf8"), /servers\.two/);
  assert.equal((await hop3(["server", "use", "two"])).exit, 0);
  assert.match((await hop3(["server", "list"])).stdout, /\* +two +https:\/\/two\.example\.com/);
});

test("an app that does not exist is answered with the nearest one of the server", async (context) => {
  const { hop3 } = await atHome(context);
  assert.match((await hop3(["status", "--app", "blgo"])).stderr, /Did you mean blog\?/);
  assert.doesNotMatch((await hop3(["status", "--app", "other"])).stderr, /Did you mean/);
});

test("what is missing is said with the command's help; how much is said follows HOP3_VERBOSITY", async (context) => {
  const { hop3 } = await atHome(context);
  const missing = await hop3(["env", "get", "-a", "blog"]);
  assert.equal(missing.exit, 2);
  assert.match(missing.stderr, /needs NAME[^]*USAGE\n {2}hop3 env get NAME[^]*EXAMPLES/);
  assert.equal(missing.stdout, "");
  const set = ["env", "set", "A=1", "-a", "blog"];
  assert.match((await hop3(set)).stderr, /set A/);
  assert.equal((await hop3(["env", "set", "A=2", "-a", "blog"], { env: { HOP3_VERBOSITY: "0" } })).stderr, "");
  assert.match((await hop3(["status", "-a", "nobody"], { env: { HOP3_VERBOSITY: "2" } })).stderr, /code APP_NOT_FOUND/);
  assert.doesNotMatch((await hop3(["status", "-a", "nobody", "-q"], { env: { HOP3_VERBOSITY: "3" } })).stderr, /code /);
  assert.match((await hop3(["apps"], { env: { HOP3_VERBOSITY: "9" } })).stderr, /HOP3_VERBOSITY/);
});

test("colours are there where they are wanted, and nowhere else", async (context) => {
  const { hop3, platform } = await atHome(context);
  platform.apps.set("blog", {
    env: { C: "\u001b[31mred\u001b[0m" },
    domains: [],
    scale: 1,
    stopped: false,
    release: 1,
  });
  const shown = async (env: Record<string, string>, types?: Place["types"]) =>
    (await hop3(["env", "show", "--reveal", "-a", "blog"], { env, ...(types === undefined ? {} : { types }) })).stdout;
  assert.ok(!(await shown({})).includes("\u001b"), "not into a pipe");
  assert.ok((await shown({ FORCE_COLOR: "1" })).includes("\u001b[31m"));
  assert.ok((await shown({}, [])).includes("\u001b[31m"), "at a terminal");
  assert.ok(!(await shown({ NO_COLOR: "1" }, [])).includes("\u001b"));
  assert.ok(!(await shown({ TERM: "dumb" }, [])).includes("\u001b"));
});
