/**
 * From nothing to a deployed app, by people who are not the admin: the packed client in homes of their own, by HTTPS at the
 * API's own name; the real git by HTTPS and by SSH, the real ssh, and a real browser at a certified provider.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { exec } from "#sys/exec.ts";
import { logIn, noBrowser, startBrowser } from "../oidc/browser.ts";
import { clientId, clientSecret, type RunningProvider, startProvider } from "../oidc/provider.ts";
import { eventually } from "./apps.ts";
import { nextPort, type RunningPlatform, startPlatform } from "./platform.ts";
import { startSshd, type TestSshd, withoutSshd } from "./sshd.ts";

const root = join(import.meta.dirname, "../..");
const domain = "hop3.localhost";
const password = "a horse of my own";
const node = dirname(process.execPath);

type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/** Somebody at a machine of their own. */
type Person = {
  readonly home: string;
  /** A program of theirs, in their home or a directory in it. */
  run(argv: readonly string[], more?: { readonly in?: string; readonly input?: string }): Promise<Ended>;
  /** The same; what it printed. Fails the test when it fails. */
  must(argv: readonly string[], more?: { readonly in?: string; readonly input?: string }): Promise<Ended>;
};

describe("a developer", { skip: noBrowser || withoutSshd() }, () => {
  const ends: (() => Promise<void>)[] = [];
  let dir = "";
  let programs = "";
  let platform: RunningPlatform;
  let provider: RunningProvider;
  let browser: Browser;
  let sshd: TestSshd;
  let authority = "";
  let url = "";
  let ada: Person;
  let grace: Person;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "hop3-developer-"));
    programs = await packedClient(dir);
    provider = await startProvider((work) => void ends.push(work));
    const secret = join(dir, "client-secret");
    writeFileSync(secret, clientSecret, { mode: 0o600 });
    const port = await nextPort();
    platform = await startPlatform({
      https: { port },
      adminDomain: domain,
      env: {
        HOP3_OIDC_ISSUER: provider.issuer,
        HOP3_OIDC_CLIENT_ID: clientId,
        HOP3_OIDC_CLIENT_SECRET_FILE: secret,
        HOP3_OIDC_SCOPES: "openid profile email groups",
        HOP3_OIDC_GROUPS_CLAIM: "groups",
        HOP3_OIDC_EMAIL_DOMAINS: "example.com",
        HOP3_OIDC_NEW_USERS: "member",
      },
    });
    authority = join(platform.layout.edgeStorage, "pki/authorities/local/root.crt");
    url = `https://${domain}:${port}`;
    sshd = await startSshd(platform);
    browser = await startBrowser();
    ada = person("ada");
    grace = person("grace");
    await eventually(
      "the API answers at its own name",
      async () => (await ada.run(["curl", "-fsS", `${url}/api/v1/version`])).exitCode === 0,
      20_000,
    );
  });
  after(async () => {
    await browser?.close();
    await sshd?.stop();
    await platform?.stop();
    for (const end of ends) await end();
    rmSync(dir, { recursive: true, force: true });
  });

  function person(name: string): Person {
    const home = join(dir, name);
    mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
    const env = {
      PATH: [programs, node, process.env["PATH"] ?? ""].join(delimiter),
      HOME: home,
      LANG: "C.UTF-8",
      // What an operating system does with the authority of a server that has a real certificate.
      NODE_EXTRA_CA_CERTS: authority,
      GIT_SSL_CAINFO: authority,
      CURL_CA_BUNDLE: authority,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: `${name}@example.com`,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: `${name}@example.com`,
      // ssh takes the home of /etc/passwd, which is that of who runs the test.
      GIT_SSH_COMMAND: ["ssh", ...sshOptions(home)].join(" "),
    };
    const run: Person["run"] = (argv, more = {}) =>
      exec(argv, { cwd: join(home, more.in ?? "."), env, timeoutMs: 120_000, input: more.input ?? "" });
    return {
      home,
      run,
      async must(argv, more) {
        const ended = await run(argv, more);
        assert.equal(ended.exitCode, 0, `${argv.join(" ")}:\n${ended.stdout}${ended.stderr}`);
        return ended;
      },
    };
  }

  /** What a visitor gets of an app. */
  const visit = async (app: string): Promise<string> =>
    (await ada.must(["curl", "-fsS", url.replace(domain, `${app}.localhost`)])).stdout;
  const refused = async (who: Person, line: readonly string[], exitCode: number, code: string) => {
    const ended = await who.run(["hop3", ...line, "--json"]);
    assert.equal(ended.exitCode, exitCode, `${line.join(" ")}: ${ended.stdout}${ended.stderr}`);
    assert.match(ended.stdout, new RegExp(`"code": ?"${code}"`));
  };
  const write = (who: Person, files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(who.home, name), text);
  };

  it("is added by the admin, and chooses a password at the first login", async () => {
    await ada.must(["hop3", "login", url, "--token-stdin"], { input: platform.token });
    const added = await ada.must(["hop3", "user", "add", "grace", "--role", "developer"]);
    const once = /one-time password +(\S+)/.exec(added.stdout)?.[1] ?? assert.fail(added.stdout);
    const login = ["hop3", "login", url, "--user", "grace", "--password-stdin"];
    const wrong = await grace.run(login, { input: `${password}\n` });
    assert.equal(wrong.exitCode, 4, wrong.stderr);
    const first = await grace.must(login, { input: `${once}\n${password}\n` });
    assert.doesNotMatch(first.stdout + first.stderr, new RegExp(`${once}|${password}`));
    assert.equal((await grace.run(login, { input: `${once}\n` })).exitCode, 4);
    assert.match((await grace.must(["hop3", "whoami"])).stdout, /user +grace\nroles +developer\n/);
  });

  it("pushes by HTTPS from a new repository, and the app serves", async () => {
    mkdirSync(join(grace.home, "blog"));
    const inBlog = { in: "blog" };
    write(grace, { "blog/index.html": "<h1>first</h1>\n", "blog/hop3.toml": '[metadata]\nid = "blog"\n' });
    await grace.must(["git", "init", "--quiet", "--initial-branch=main"], inBlog);
    await grace.must(["git", "add", "."], inBlog);
    await grace.must(["git", "commit", "--quiet", "-m", "first"], inBlog);
    const setup = await grace.must(["hop3", "git", "setup"], inBlog);
    assert.match(setup.stderr, /Next: git push hop3 main/);
    const pushed = await grace.must(["git", "push", "hop3", "main"], inBlog);
    assert.match(pushed.stderr, /remote: .*live/);
    assert.equal(await visit("blog"), "<h1>first</h1>\n");
    const config = readFileSync(join(grace.home, "blog/.git/config"), "utf8");
    assert.doesNotMatch(config, /hop3_[A-Za-z0-9_-]{43}/, "no token stands in the repository");
  });

  it("goes on by SSH with a key, to which no shell and no other port opens", async () => {
    await grace.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ".ssh/id_ed25519"]);
    await grace.must(["hop3", "key", "add"]);
    const inBlog = { in: "blog" };
    const way = ["--ssh", "--ssh-host", "127.0.0.1", "--ssh-port", String(sshd.port), "--yes"];
    await grace.must(["hop3", "git", "setup", ...way], inBlog);
    write(grace, { "blog/index.html": "<h1>second</h1>\n" });
    await grace.must(["git", "commit", "--quiet", "-am", "second"], inBlog);
    await grace.must(["git", "push", "hop3", "main"], inBlog);
    assert.equal(await visit("blog"), "<h1>second</h1>\n");
    const shell = await grace.run([
      "ssh",
      ...sshOptions(grace.home),
      "-p",
      String(sshd.port),
      `${sshd.user}@127.0.0.1`,
      "id",
    ]);
    assert.notEqual(shell.exitCode, 0);
    assert.doesNotMatch(shell.stdout, /uid=/);
  });

  it("has a push that fails told, while what serves goes on", async () => {
    const inBlog = { in: "blog" };
    write(grace, { "blog/hop3.toml": '[metadata]\nid = "blog"\n[build]\nbuild = "echo no such luck; exit 3"\n' });
    await grace.must(["git", "commit", "--quiet", "-am", "broken"], inBlog);
    const pushed = await grace.run(["git", "push", "hop3", "main"], inBlog);
    assert.notEqual(pushed.exitCode, 0);
    assert.match(pushed.stderr, /remote: .*no such luck/);
    assert.equal(await visit("blog"), "<h1>second</h1>\n");
  });

  it("may do with apps what the role says, and nothing to users, the server, or an app's end", async () => {
    await grace.must(["hop3", "env", "set", "--app", "blog", "COLOUR=green"]);
    await grace.must(["hop3", "app", "logs", "--app", "blog"]);
    await refused(grace, ["user", "list"], 5, "DENIED");
    await refused(grace, ["system", "logs"], 5, "DENIED");
    await refused(grace, ["app", "destroy", "--app", "blog", "--confirm", "blog"], 5, "DENIED");
    assert.equal(await visit("blog"), "<h1>second</h1>\n");
  });

  it("comes by single sign-on too, with the rights of the groups at the provider", async () => {
    await ada.must(["hop3", "group", "create", "makers", "--role", "developer", "--claim", "makers"]);
    provider.accounts["u-linus"] = {
      preferred_username: "linus",
      email: "linus@example.com",
      email_verified: true,
      groups: ["makers"],
    };
    const linus = person("linus");
    let page: Promise<unknown> | undefined;
    const ended = await exec(["hop3", "login", url, "--sso", "--no-browser"], {
      cwd: linus.home,
      env: {
        PATH: [programs, node, process.env["PATH"] ?? ""].join(delimiter),
        HOME: linus.home,
        NODE_EXTRA_CA_CERTS: authority,
      },
      timeoutMs: 60_000,
      onLine: (line) => {
        const address = /^ {2}(http\S+)$/.exec(line)?.[1];
        if (address !== undefined) page ??= logIn(browser, address, "u-linus").then((shown) => shown.close());
      },
    });
    await page;
    assert.equal(ended.exitCode, 0, ended.stderr);
    mkdirSync(join(linus.home, "site"));
    write(linus, { "site/index.html": "by linus\n" });
    const deployed = await linus.must(["hop3", "deploy", "--app", "site"], { in: "site" });
    assert.match(deployed.stdout, /^https?:\/\/site\.localhost/);
    assert.equal(await visit("site"), "by linus\n");
    await refused(linus, ["user", "list"], 5, "DENIED");
  });

  it("leaves a record that the admin reads and proves", async () => {
    const events = (await ada.must(["hop3", "events", "--user", "grace", "--lines", "100"])).stdout;
    for (const action of ["login", "app.create", "env"]) assert.ok(events.includes(action), `${action} in:\n${events}`);
    assert.ok(events.includes("DENIED"), events);
    assert.doesNotMatch(events, /hop3_[A-Za-z0-9_-]{43}/);
    await ada.must(["hop3", "audit", "verify"]);
  });

  it("is out within moments when the admin says so: no push, no command", async () => {
    await ada.must(["hop3", "user", "disable", "grace", "--yes"]);
    await refused(grace, ["apps"], 4, "UNAUTHENTICATED");
    const pushed = await grace.run(["git", "push", "hop3", "main"], { in: "blog" });
    assert.notEqual(pushed.exitCode, 0);
    assert.equal(await visit("blog"), "<h1>second</h1>\n");
  });
});

function sshOptions(home: string): string[] {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    `IdentityFile=${join(home, ".ssh/id_ed25519")}`,
  ];
  return ["-F", "none", ...options.flatMap((option) => ["-o", option])];
}

/** The client as `npm pack` makes it, installed in an empty directory; where its programs are. */
async function packedClient(dir: string): Promise<string> {
  const env = { ...process.env, PATH: `${node}${delimiter}${process.env["PATH"]}` } as Record<string, string>;
  const npm = join(root, ".tools/bin/npm");
  const must = async (argv: readonly string[], cwd: string): Promise<void> => {
    const { exitCode, stderr } = await exec(argv, { cwd, env, timeoutMs: 120_000 });
    assert.equal(exitCode, 0, stderr);
  };
  await must([npm, "pack", "--pack-destination", dir], root);
  const tarball = readdirSync(dir).find((name) => name.endsWith(".tgz"));
  const installed = join(dir, "client");
  mkdirSync(installed);
  await must([npm, "install", "--no-audit", "--no-fund", join(dir, tarball ?? "")], installed);
  return join(installed, "node_modules/.bin");
}
