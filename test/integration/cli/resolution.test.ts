/** Which server, context and app a line means, and what is asked before something is changed there. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { test, type TestContext } from "node:test";
import { commandLine } from "./command-line.ts";
import { hop3InProcess, type Place } from "./in-process.ts";

type Answer = { readonly value: string | null; readonly source: string | null };

/** A home with a project in it, and what is written there. */
function place(context: TestContext, files: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), "hop3-where-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, "work/project");
  mkdirSync(cwd, { recursive: true });
  const write = (more: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), text, { mode: 0o600 });
    }
  };
  write(files);
  const why = async (line: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const said = await hop3InProcess([...line, "--why", "--json"], { cwd, home, env });
    const { data, error } = JSON.parse(said.stdout) as {
      data: Record<"server" | "context" | "app", Answer>;
      error?: { code: string; message: string; suggestion: string };
    };
    return { ...said, data, error };
  };
  const short = async (line: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { data, error } = await why(line, env);
    assert.equal(error, undefined, JSON.stringify(error));
    return [data.server.value, data.context.value, data.app.value].map((value) => value?.replace(/ \(.*/, "") ?? null);
  };
  const at: Place = { cwd, home };
  return { home, cwd, write, why, short, at };
}

const two = '[servers.one]\nurl = "https://one.example.com"\n\n[servers.two]\nurl = "https://two.example.com"\n';
const project = "work/project/hop3.toml";

test("a single app needs no context, and the only server is meant", async (context) => {
  const { short, write } = place(context, { [project]: '[metadata]\nid = "blog"\n' });
  assert.deepEqual(await short(["status"]), [null, null, "blog"]);
  write({ "config/servers.toml": '[servers.one]\nurl = "https://one.example.com"\n' });
  assert.deepEqual(await short(["status"]), ["one", null, "blog"]);
});

test("the server: flag, HOP3_API_URL, HOP3_SERVER, the context's, a git remote's, the chosen one", async (context) => {
  const { short, write, why } = place(context, {
    "config/servers.toml": two,
    [project]: '[metadata]\nid = "blog"\n\n[contexts.prod]\nserver = "two"\n',
  });
  assert.equal((await short(["apps"]))[0], "two");
  assert.equal((await short(["apps"], { HOP3_SERVER: "one" }))[0], "one");
  const both = { HOP3_SERVER: "one", HOP3_API_URL: "https://three.example.com" };
  assert.equal((await short(["apps"], both))[0], "https://three.example.com");
  assert.equal((await short(["apps", "--server", "two"], both))[0], "two");
  write({ [project]: "" });
  assert.equal((await short(["apps"]))[0], null);
  write({ "work/project/.git/config": '[remote "hop3-prod"]\n\turl = hop3@ONE.example.com:blog\n' });
  assert.deepEqual(await short(["apps"]), ["one", "prod", "blog"]);
  write({ "work/project/.git/config": "", "config/state.toml": '[current]\nserver = "two"\n' });
  assert.equal((await short(["apps"]))[0], "two");
  assert.match((await why(["apps", "--server", "onne"])).error?.suggestion ?? "", /Did you mean one/);
  for (const name of ["constructor", "__proto__"])
    assert.equal((await why(["apps", "--server", name])).error?.code, "NO_SERVER");
});

test("the context: flag, HOP3_CONTEXT, .hop3-local.toml up to the home, the only remote, the only one of hop3.toml", async (context) => {
  const three = "[contexts.a]\n[contexts.b]\n[contexts.c]\n[contexts.staging]\n";
  const { short, write, why } = place(context, { [project]: three });
  const which = async (...args: Parameters<typeof short>) => (await short(...args))[1];
  assert.equal(await which(["apps"]), null);
  write({ ".hop3-local.toml": '[current]\ncontext = "a"\n' });
  assert.equal(await which(["apps"]), "a");
  write({ "work/project/.hop3-local.toml": '[current]\ncontext = "b"\n' });
  assert.equal(await which(["apps"]), "b");
  assert.equal(await which(["apps"], { HOP3_CONTEXT: "c" }), "c");
  assert.equal(await which(["apps", "-c", "a"], { HOP3_CONTEXT: "c" }), "a");
  const unknown = await why(["apps", "--context", "stagin"]);
  assert.equal(unknown.exit, 3);
  assert.match(`${unknown.error?.message}${unknown.error?.suggestion}`, /no context "stagin"[^]*Did you mean/);
  write({ "work/project/.hop3-local.toml": "", ".hop3-local.toml": '[current]\ncontext = "elsewhere"\n' });
  assert.equal(await which(["apps"]), null, "what is chosen for all projects is passed over where there is none");
  write({ [project]: "[contexts.only]\n" });
  assert.equal(await which(["apps"]), "only");
  write({
    "work/project/.git/config":
      '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@example.com:x.git\n[remote "hop3-live"] # ours\n\turl = "ssh://hop3@one.example.com:22/blog.git" ; app\n',
  });
  assert.deepEqual((await short(["apps"])).slice(1), ["live", "blog"]);
});

test("the app: flag, HOP3_APP, .hop3-app, [cli], the context's, [metadata], a remote, the server's default", async (context) => {
  const { short, write, why } = place(context, {
    "config/servers.toml": '[servers.one]\nurl = "https://one.example.com"\ndefault_app = "by-server"\n',
  });
  const which = async (...args: Parameters<typeof short>) => (await short(...args))[2];
  assert.equal(await which(["status"]), "by-server");
  assert.equal(await which(["deploy"]), "project", "a deploy never replaces a default app with what lies here");
  write({ "work/project/.git/config": '[remote "hop3"]\nurl = https://one.example.com/git/by-remote.git\n' });
  assert.equal(await which(["status"]), "by-remote");
  write({ [project]: '[metadata]\nid = "by-id"\n' });
  assert.equal(await which(["status"]), "by-id");
  write({ [project]: '[metadata]\nid = "by-id"\n[contexts.prod]\napp = "by-context"\n' });
  assert.equal(await which(["status"]), "by-context");
  write({ [project]: '[metadata]\nid = "by-id"\n[cli]\napp = "by-cli"\n[contexts.prod]\napp = "by-context"\n' });
  assert.equal(await which(["status"]), "by-cli");
  write({ "work/project/.hop3-app": "by-file\n" });
  assert.equal(await which(["status"]), "by-file");
  assert.equal(await which(["status"], { HOP3_APP: "by-env" }), "by-env");
  assert.equal(await which(["status", "--app", "by-flag"], { HOP3_APP: "by-env" }), "by-flag");
  const said = await why(["status"]);
  assert.equal(said.exit, 0);
  assert.equal(said.stderr, "");
});

test("--why says each place on stderr, in order, and runs nothing", async (context) => {
  const { at } = place(context, { [project]: '[metadata]\nid = "blog"\n', "config/servers.toml": two });
  const { exit, stdout, stderr } = await hop3InProcess(["destroy", "--why", "--yes"], at);
  assert.deepEqual([exit, stdout], [0, ""]);
  assert.match(stderr, /^server: none\n[^]*servers\.toml: several are registered: one, two\n/);
  assert.match(stderr, /context: none\n[^]*app: blog\n {4}--app: not given\n {4}HOP3_APP: not set\n/);
  assert.match(stderr, / {2}> .*hop3\.toml \[metadata\] id: blog\n/);
});

test("what changes something refuses an app from elsewhere that the project contradicts", async (context) => {
  const { at, cwd, write } = place(context, { [project]: '[metadata]\nid = "blog"\n' });
  const stray = { ...at, env: { HOP3_APP: "shop" } };
  for (const line of [["deploy"], ["restart"], ["env", "set", "A=1"], ["destroy"], ["config:set", "A=1"]]) {
    const { exit, stderr } = await hop3InProcess(line, stray);
    assert.equal(exit, 6, `${line.join(" ")}: ${stderr}`);
    assert.match(stderr, /HOP3_APP names "shop", but .* names "blog"/);
  }
  assert.equal((await hop3InProcess(["status"], stray)).exit, 3, "what only reads does not: here there is no server");
  assert.equal((await hop3InProcess(["restart", "--force"], stray)).exit, 3);
  write({ "work/.hop3-app": "shop\n" });
  assert.match((await hop3InProcess(["restart"], at)).stderr, /work\/\.hop3-app names "shop"/);
  assert.equal(readFileSync(join(cwd, "hop3.toml"), "utf8"), '[metadata]\nid = "blog"\n');
});

test("a protected place asks once more and has context and app typed; a script must say so in one flag", async (context) => {
  const { url, platform } = await commandLine(context);
  const { at, write, cwd } = place(context);
  const server = `[servers.live]\nurl = "${url}"\ntoken = "admin-token"\n`;
  const asks = async (line: readonly string[], types?: Place["types"]) =>
    hop3InProcess(line, { ...at, ...(types === undefined ? {} : { types }) });
  const forms: [string, Record<string, string>][] = [
    ["live", { "config/servers.toml": `${server}protected = true\n`, [project]: '[metadata]\nid = "blog"\n' }],
    [
      "prod",
      { "config/servers.toml": server, [project]: '[metadata]\nid = "blog"\n[contexts.prod]\nprotected = true\n' },
    ],
  ];
  for (const [where, files] of forms) {
    write(files);
    const name = `${where}/blog`;
    assert.equal((await asks(["status"])).exit, 0, "reading asks nothing");
    for (const extra of [[], ["--yes"], ["--confirm=blog"], ["--json"], ["--no-input"]]) {
      const { exit, stderr, stdout } = await asks(["env", "set", "A=1", ...extra]);
      assert.equal(exit, 10, `${extra.join(" ")}: ${stderr}`);
      assert.ok((stderr + stdout).includes(`--confirm=${name}`), stderr + stdout);
    }
    assert.equal(platform.apps.get("blog")?.env["A"], undefined);
    const typed = [
      [/is protected[^]*\[y\/N\] $/, "y\n"],
      [/Type context and name/, `${name}\n`],
    ] as const;
    const done = await asks(["env", "set", "A=1"], typed);
    assert.equal(done.exit, 0, done.stderr);
    assert.equal(platform.apps.get("blog")?.env["A"], "1");
    assert.equal((await asks(["env", "unset", "A"], [[/\[y\/N\] $/, "n\n"]])).exit, 10);
    const wrong = [typed[0], [/Type context and name/, "blog\n"]] as const;
    assert.equal((await asks(["env", "unset", "A"], wrong)).exit, 10);
    assert.equal(platform.apps.get("blog")?.env["A"], "1");
    assert.equal((await asks(["env", "unset", "A", `--confirm=${name}`])).exit, 0);
    assert.equal((await asks(["restart", "--force"])).exit, 0);
    assert.equal((await asks(["app", "ping"])).exit, 0, "asking how it is is not changing it");
  }
  assert.ok(cwd.length > 0);
});

test("what changes something warns when the context is not the one that was chosen", async (context) => {
  const { url } = await commandLine(context);
  const { at, write, home, cwd } = place(context, {
    [project]: '[metadata]\nid = "blog"\n[contexts.prod]\n[contexts.staging]\n',
    "work/project/.git/HEAD": "",
  });
  write({ "config/servers.toml": `[servers.one]\nurl = "${url}"\ntoken = "admin-token"\n` });
  assert.equal((await hop3InProcess(["context", "use", "staging"], at)).exit, 0);
  assert.equal(readFileSync(join(cwd, ".gitignore"), "utf8"), ".hop3-local.toml\n");
  assert.equal(statSync(join(cwd, ".hop3-local.toml")).mode & 0o777, 0o600);
  assert.doesNotMatch((await hop3InProcess(["restart"], at)).stderr, /warning/);
  const other = await hop3InProcess(["restart", "--context", "prod"], at);
  assert.equal(other.exit, 0);
  assert.match(other.stderr, /^warning: context prod is from --context[^]*restarted/);
  assert.doesNotMatch((await hop3InProcess(["status", "--context", "prod"], at)).stderr, /warning/);
  assert.ok(home.length > 0);
});
