import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine } from "./command-line.ts";

test("--version answers by itself, and bare hop3 lists the commands", async (context) => {
  const { run, bare } = await commandLine(context);
  const version = await run(["--version"], { env: bare });
  assert.match(version.stdout, /^hop3 \d+\.\d+\.\d+\n$/);
  const help = await run([], { env: bare });
  assert.equal(help.exitCode, 0);
  assert.match(help.stdout, /Daily:\n {2}hop3 deploy/);
});

test("every command shows its help without a server, and an example in it", async (context) => {
  const { run, bare } = await commandLine(context);
  for (const words of [["deploy"], ["app", "logs"], ["ps"], ["env", "set"], ["completion"], ["config", "get"]]) {
    const { exitCode, stdout } = await run([...words, "--help"], { env: bare });
    assert.equal(exitCode, 0);
    assert.match(stdout, /USAGE\n {2}hop3 .*\n[^]*EXAMPLES\n {2}.*hop3/, words.join(" "));
  }
});

test("reading commands print tables on stdout and nothing on stderr", async (context) => {
  const { run } = await commandLine(context);
  const cases: [string[], RegExp][] = [
    [["apps"], /^NAME {2}STATE .*\nblog {2}running {2}http:\/\/blog\.localhost:8080 /],
    [["app", "list"], /blog/],
    [["app", "show", "-a", "blog"], /builder .*static/],
    [["status", "-a", "blog"], /web\.1 .*running/],
    [["-a", "blog", "ps"], /TYPE {2}COUNT {2}COMMAND\nweb {3}1 {6}serve/],
    [["logs", "--lines", "2", "--app=blog"], /^\[web\.1\] line 1\n\[web\.1\] line 2\n$/],
    [["app", "build-logs", "-a", "blog"], /^\[copy\] built\n$/],
    [["app", "build-logs", "-f", "-a", "blog"], /^\[copy\] built\n$/],
    [["app", "ping", "-a", "blog"], /answered 200 in 4\.0 ms/],
    [["env", "get", "TOKEN", "-a", "blog"], /^canary-secret\n$/],
    [["config", "get", "TOKEN", "-a", "blog"], /^canary-secret\n$/],
    [
      ["app", "disk", "-a", "blog"],
      /^PART {4}SIZE {4}FILES\nbuilds {2}3\.0 MB {2}20\ndata {4}4\.1 kB {2}1\nall {5}3\.0 MB\n\nMeasured /,
    ],
    [
      ["cron", "list", "-a", "blog"],
      /^JOB {6}SCHEDULE {2}ZONE {2}NEXT .*COMMAND\nnightly {2}@daily {4}UTC .*failed \(exit 3\) {2}tidy\n$/,
    ],
    [
      ["cron", "history", "nightly", "-a", "blog"],
      /^RUN .*\n8 .* skipped x3 {2}run 7 has not ended\n7 .* 2\.5 s {2}1 {8}schedule {2}succeeded\n$/,
    ],
    [
      ["cron", "history", "nightly", "7", "-a", "blog"],
      /^run {6}7 of nightly, release 1[^]*\n\n\[cron\.nightly\] tidied\n$/,
    ],
    [["system", "info"], /caddy on port 8080[^]*disk {5}5\.0 GB of 10 GB free, 90 % of its inodes\n[^]*SERVICE/],
    [["system", "status"], /^STATE {2}CHECK {10}SAYS\nok {5}service caddy {2}It runs\.\n$/],
    [["system", "logs", "--service", "caddy"], /^\[caddy\] ready\n$/],
    [["whoami"], /^user {4}ada\nroles {3}admin\nby {6}token laptop [^]*\nends {4}never\nserver {2}http/],
    [["version"], /server {2}1\.2\.3/],
  ];
  for (const [line, expected] of cases) {
    const { exitCode, stdout, stderr } = await run(line);
    assert.equal(stderr, "", line.join(" "));
    assert.match(stdout, expected, line.join(" "));
    assert.equal(exitCode, 0);
  }
});

test("system status ends with 1 when a check warns, and says all the same what is", async (context) => {
  const { run, platform } = await commandLine(context);
  platform.checks = [{ name: "wall loopback", state: "warning", message: "Install the package nftables." }];
  const status = await run(["system", "status"]);
  assert.deepEqual([status.exitCode, status.stderr], [1, ""]);
  assert.match(status.stdout, /warning {2}wall loopback {2}Install the package nftables\./);
  const json = await run(["system", "status", "--json"]);
  assert.equal(json.exitCode, 1);
  assert.equal(json.envelope().data["state"], "warning");
});

test("a mutation says in one line on stderr what it changed; --quiet does not; --json has it in data", async (context) => {
  const { run, platform, url } = await commandLine(context);
  const set = await run(["env", "set", "A=s3cret", "B=2", "-a", "blog"]);
  assert.equal(set.stdout, "");
  assert.ok(set.stderr.endsWith(`[${url} / blog] set A, B; release 2; restarted web.\n`), set.stderr);
  assert.doesNotMatch(set.stderr, /s3cret/);
  assert.deepEqual(platform.apps.get("blog")?.env, { TOKEN: "canary-secret", A: "s3cret", B: "2" });

  const same = await run(["env", "set", "A=s3cret", "-a", "blog"]);
  assert.match(same.stderr, /nothing differs/);
  const quiet = await run(["-q", "env", "unset", "A", "-a", "blog"]);
  assert.deepEqual([quiet.exitCode, quiet.stdout, quiet.stderr], [0, "", ""]);
  const json = await run(["ps", "scale", "web=3", "--json", "-a", "blog"]);
  assert.equal(json.stderr, "");
  assert.match(String(json.envelope().data["summary"]), /scaled to web=3/);
  assert.equal(json.envelope().meta.app, "blog");
  assert.equal(platform.apps.get("blog")?.scale, 3);
  assert.match((await run(["app", "stop", "-a", "blog"])).stderr, /\] stopped\.\n/);
  assert.match((await run(["app", "start", "-a", "blog"])).stderr, /\] started\.\n/);
  assert.match((await run(["restart", "-a", "blog"])).stderr, /restarted/);
  assert.match(
    (await run(["domain", "add", "WWW.Example.com", "-a", "blog"])).stderr,
    /added www\.example\.com: http.*www\.example\.com.* DNS/,
  );
  assert.match((await run(["domain", "list", "-a", "blog"])).stdout, /www\.example\.com/);
  assert.match((await run(["domain", "remove", "www.example.com", "-a", "blog"])).stderr, /removed/);
});

test("values are masked unless revealed, and can come from stdin", async (context) => {
  const { run, platform } = await commandLine(context);
  const shown = await run(["env", "show", "-a", "blog"]);
  assert.match(shown.stdout, /TOKEN +\*{8}/);
  assert.doesNotMatch(shown.stdout, /canary-secret/);
  assert.match((await run(["env", "show", "--reveal", "-a", "blog"])).stdout, /canary-secret/);
  const input = "# comment\nX=1\nexport Y='two words'\n";
  assert.equal((await run(["env", "set", "--from-file", "-", "-a", "blog"], { input })).exitCode, 0);
  assert.equal(platform.apps.get("blog")?.env["Y"], "two words");
});

test("destroy asks for the name, and refuses with 10 where nobody can be asked", async (context) => {
  const { run, platform } = await commandLine(context);
  for (const extra of [[], ["--no-input"], ["--json"], ["--confirm=other"]]) {
    const { exitCode } = await run(["destroy", "-a", "blog", ...extra]);
    assert.equal(exitCode, 10, extra.join(" "));
    assert.ok(platform.apps.has("blog"));
  }
  const gone = await run(["app", "destroy", "-a", "blog", "--confirm", "blog"]);
  assert.equal(gone.exitCode, 0);
  assert.match(gone.stderr, /destroyed: code, data/);
  assert.ok(!platform.apps.has("blog"));
});

test("each kind of failure has its exit status, its words on stderr and its envelope", async (context) => {
  const { run, loggedIn, bare, url } = await commandLine(context);
  const viewer = { ...loggedIn, HOP3_API_TOKEN: "viewer-token" };
  const cases: [string[], Record<string, string>, number, string, RegExp][] = [
    [["ap"], loggedIn, 2, "USAGE", /Did you mean `hop3 app`/],
    [["app", "lgs"], loggedIn, 2, "USAGE", /Did you mean `hop3 app logs`/],
    [["scale"], loggedIn, 2, "USAGE", /Did you mean `hop3 ps scale`/],
    [["logs", "--lins", "3", "-a", "blog"], loggedIn, 2, "USAGE", /--lines/],
    [["logs", "--lines", "-a", "blog"], loggedIn, 2, "USAGE", /--lines needs a value/],
    [["logs", "--lines", "many", "-a", "blog"], loggedIn, 2, "USAGE", /number/],
    [["logs", "--lines", "10001", "-a", "blog"], loggedIn, 2, "USAGE", /10000/],
    [["apps", "extra"], loggedIn, 2, "USAGE", /more words/],
    [["env", "get", "-a", "blog"], loggedIn, 2, "USAGE", /needs NAME/],
    [["env", "set", "1A=x", "-a", "blog"], loggedIn, 2, "USAGE", /variable name/],
    [["ps", "scale", "web", "-a", "blog"], loggedIn, 2, "USAGE", /TYPE=N/],
    [["domain", "add", "http://x", "-a", "blog"], loggedIn, 2, "INVALID_DOMAIN", /domain/],
    [["status", "-a", "Bad_Name"], loggedIn, 2, "INVALID_APP_NAME", /app name/],
    [["completion", "tcsh"], loggedIn, 2, "USAGE", /bash/],
    [["system", "logs", "--service", "sshd"], loggedIn, 2, "INVALID_INPUT", /query/],
    [["status"], loggedIn, 3, "NO_APP", /--app[^]*`hop3 use [a-z0-9-]+`/],
    [["status", "-a", "none"], loggedIn, 3, "APP_NOT_FOUND", /none/],
    [["env", "get", "NONE", "-a", "blog"], loggedIn, 3, "NOT_FOUND", /NONE/],
    [["apps"], bare, 3, "NO_SERVER", /login/],
    [["apps", "--server", "prod"], bare, 3, "NO_SERVER", /prod/],
    [["apps"], { ...bare, HOP3_API_URL: url }, 4, "UNAUTHENTICATED", /Log in/],
    [["apps"], { ...loggedIn, HOP3_API_TOKEN: "wrong-token" }, 4, "UNAUTHENTICATED", /Log in/],
    [["env", "show", "--reveal", "-a", "blog"], viewer, 5, "DENIED", /role/],
    [["apps"], { ...loggedIn, HOP3_API_URL: "http://127.0.0.1:1" }, 7, "UNREACHABLE", /ECONNREFUSED/],
    [["apps"], { ...loggedIn, HOP3_API_URL: "http://192.0.2.1:8009" }, 2, "USAGE", /in clear/],
    [["apps"], { ...loggedIn, HOP3_API_URL: "ftp://x" }, 2, "USAGE", /address/],
  ];
  for (const [line, env, exit, code, say] of cases) {
    const name = line.join(" ");
    const plain = await run(line, { env });
    assert.equal(plain.exitCode, exit, `${name}: ${plain.stderr}`);
    assert.equal(plain.stdout, "", name);
    assert.match(plain.stderr, /^hop3: /, name);
    assert.match(plain.stderr, say, name);
    const json = await run([...line, "--json"], { env });
    const { status, error } = json.envelope();
    assert.deepEqual([status, error.code, error.exit_code], ["error", code, exit], name);
    assert.doesNotMatch(plain.stderr + json.stdout, /admin-token|viewer-token|wrong-token/);
  }
});

test("cron run shows what the job prints and ends as it ends", async (context) => {
  const { run, url } = await commandLine(context);
  const ran = await run(["cron", "run", "nightly", "-a", "blog"]);
  assert.equal(ran.exitCode, 3);
  assert.equal(ran.stdout, "[cron.nightly] tidied\n");
  assert.ok(ran.stderr.endsWith(`[${url} / blog] run 9 of nightly failed (exit 3).\n`), ran.stderr);
  const json = await run(["cron", "run", "nightly", "-a", "blog", "--json"]);
  const { data } = JSON.parse(json.stdout) as { data: { run: { run: number }; lines: unknown[] } };
  assert.deepEqual([json.exitCode, data.run.run, data.lines.length], [3, 9, 1]);
  const left = await run(["cron", "run", "nightly", "--detach", "-a", "blog"]);
  assert.deepEqual([left.exitCode, left.stdout], [0, ""]);
  assert.match(left.stderr, /run 9 of nightly begins\.\n$/);
  assert.equal((await run(["cron", "run", "none", "-a", "blog"])).exitCode, 3);
});
