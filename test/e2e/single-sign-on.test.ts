/**
 * Single sign-on as a person has it: the hop3 command as it is packed, on a home of its own, a real browser on the certified
 * provider's own pages, and a whole server behind it.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { createPasswords } from "#identity/password.ts";
import { openStore } from "#store/open.ts";
import { setPassword } from "#store/passwords.ts";
import { createUser } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import { eventually } from "./apps.ts";
import { type RunningPlatform, startPlatform } from "./platform.ts";
import { confirmDevice, logIn, noBrowser, startBrowser } from "../oidc/browser.ts";
import { clientId, clientSecret, type RunningProvider, startProvider } from "../oidc/provider.ts";

const password = "carol has a long password";
const root = join(import.meta.dirname, "../..");

type Event = {
  readonly action: string;
  readonly target: string | null;
  readonly actor: string;
  readonly outcome: string;
  readonly address: string | null;
  readonly credential: unknown;
  readonly details: Readonly<Record<string, unknown>>;
};
type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

describe("single sign-on", { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let provider: RunningProvider;
  let platform: RunningPlatform;
  let browser: Browser;
  let dir = "";
  let server = "";
  let hop3 = "";

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "hop3-sso-"));
    chmodSync(dir, 0o755);
    hop3 = join(dir, "packed/main.js");
    const packed = await exec([process.execPath, join(root, "scripts/bundle.js"), "--out", join(dir, "packed")]);
    assert.equal(packed.exitCode, 0, packed.stderr);
    provider = await startProvider((work) => void ends.push(work));
    const secret = join(dir, "client-secret");
    writeFileSync(secret, `${clientSecret}\n`, { mode: 0o640 });
    platform = await startPlatform({
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
    // As its operator would; it is read at each login.
    if (platform.settings.mode === "system") await exec(["chgrp", "hop3", secret], { env: { PATH: "/usr/bin:/bin" } });
    server = new URL(platform.apiUrl).origin;
    const group = ["group", "create", "developers", "--role", "developer", "--claim", "dev-team"];
    assert.equal((await operator().hop3(group)).exitCode, 0);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await platform?.stop();
    for (const end of ends) await end();
    rmSync(dir, { recursive: true, force: true });
  });

  const vouched = (name: string, groups: readonly string[] = []) => ({
    preferred_username: name,
    email: `${name}@example.com`,
    email_verified: true,
    groups,
  });
  /** A machine of somebody's own: `hop3` with nothing but a home. `onLine` sees what it says while it runs. */
  const machine = (name: string, more: Record<string, string> = {}) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: join(dir, name), LANG: "C.UTF-8", ...more };
    return {
      env,
      hop3: (line: readonly string[], onLine: (line: string) => void = () => undefined): Promise<Ended> =>
        exec([process.execPath, hop3, ...line], { cwd: dir, env, timeoutMs: 60_000, onLine }),
    };
  };
  const operator = () => machine("admin", { HOP3_API_URL: server, HOP3_API_TOKEN: platform.token });
  /** Begins a command and does `work` with the provider's page that it shows. */
  const visit = async (
    { hop3 }: ReturnType<typeof machine>,
    line: readonly string[],
    work: (url: string) => Promise<unknown>,
  ): Promise<Ended> => {
    let working: Promise<unknown> | undefined;
    const ended = await hop3(line, (said) => {
      const url = /^ {2}(http\S+)$/.exec(said)?.[1];
      if (url !== undefined && /\/auth\?|user_code=/.test(url)) working ??= work(url);
    });
    await working;
    return ended;
  };
  const login = (who: ReturnType<typeof machine>, flags: readonly string[], work: (url: string) => Promise<unknown>) =>
    visit(who, ["login", server, ...flags], work);
  const bySso = (who: ReturnType<typeof machine>, name: string) =>
    login(who, ["--sso", "--no-browser"], async (url) => {
      const page = await logIn(browser, url, name);
      const title = await page.textContent("h1");
      await page.close();
      return title;
    });

  test("somebody new logs in in a browser and has what the groups at the provider are worth here", async () => {
    provider.accounts["u-ada"] = vouched("ada", ["dev-team"]);
    const ada = machine("ada");
    let shown = "";
    const ended = await login(ada, ["--sso", "--no-browser"], async (url) => {
      const page = await logIn(browser, url, "u-ada");
      shown = (await page.textContent("body")) ?? "";
      assert.match(page.url(), /^http:\/\/127\.0\.0\.1:[0-9]+\/callback\?/);
      await page.close();
    });
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.match(shown, /You are logged in/);
    assert.match(ended.stderr, /logged in to .* as ada \(member, developer\)/);
    const file = join(ada.env.HOME, ".config/hop3-cli/servers.toml");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, "utf8"), /token = "hop3_/);
    const who = await ada.hop3(["whoami", "--json"]);
    const { data } = JSON.parse(who.stdout) as { data: { user: string; roles: string[]; credential: object } };
    assert.deepEqual([data.user, data.roles], ["ada", ["member", "developer"]]);
    assert.equal((await ada.hop3(["apps"])).exitCode, 0);
    assert.equal((await ada.hop3(["user", "identities", "ada"])).exitCode, 5, "a developer does not see users");
  });

  test("the page is opened by the program that BROWSER names", async () => {
    const seen = join(dir, "opened");
    const program = join(dir, "browser");
    writeFileSync(program, `#!/bin/sh\nprintf %s "$1" >${seen}.new && mv ${seen}.new ${seen}\n`, { mode: 0o755 });
    const ada = machine("ada-desk", { BROWSER: program });
    const ended = await login(ada, ["--sso"], async (url) => {
      await eventually("the browser was started", () => statSync(seen, { throwIfNoEntry: false }) !== undefined);
      assert.equal(readFileSync(seen, "utf8"), url);
      await (await logIn(browser, url, "u-ada")).close();
    });
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.match(ended.stderr, /It was opened in your browser/);
  });

  test("a group that the provider takes away is gone at the next login, for every session", async () => {
    const ada = machine("ada");
    provider.accounts["u-ada"] = vouched("ada", []);
    assert.equal((await bySso(machine("ada-other"), "u-ada")).exitCode, 0);
    const who = await ada.hop3(["whoami", "--json"]);
    assert.deepEqual((JSON.parse(who.stdout) as { data: { roles: string[] } }).data.roles, ["member"]);
  });

  test("a device without a browser is let in by a code that is confirmed elsewhere", async () => {
    const { exitCode, stderr } = await login(machine("ada-server"), ["--device"], async (url) => {
      await (await confirmDevice(browser, url, "u-ada")).close();
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /enter this code there:\n {2}[A-Z]{4}-[A-Z]{4}\n/);
    assert.match(stderr, /logged in to .* as ada \(member\)/);
  });

  test("who is not vouched for, or was disabled here, stays out, and the browser says so, too", async () => {
    provider.accounts["u-mallory"] = { ...vouched("mallory"), email_verified: false };
    provider.accounts["u-eve"] = { ...vouched("eve"), email: "eve@evil.org" };
    for (const name of ["u-mallory", "u-eve"]) {
      const { exitCode, stderr } = await bySso(machine(name), name);
      assert.equal(exitCode, 5, stderr);
      assert.match(stderr, /e-mail address|takes nobody/);
    }
    assert.equal((await operator().hop3(["user", "disable", "ada", "--yes"])).exitCode, 0);
    let title: string | null = "";
    const { exitCode, stderr } = await login(machine("ada-late"), ["--sso", "--no-browser"], async (url) => {
      const page = await logIn(browser, url, "u-ada");
      title = await page.textContent("h1");
      await page.close();
    });
    assert.equal((await operator().hop3(["user", "enable", "ada"])).exitCode, 0);
    assert.equal(exitCode, 5, stderr);
    assert.match(stderr, /may not log in here any more/);
    assert.equal(title, "You are not logged in.");
  });

  test("an admin says who a user is at the provider, and takes it back", async () => {
    const admin = operator();
    assert.equal((await admin.hop3(["user", "link", "nobody-here", "u-bob"])).exitCode, 3);
    const linked = await admin.hop3(["user", "link", "admin", "u-bob"]);
    assert.equal(linked.exitCode, 0, linked.stderr);
    assert.match(linked.stdout, /u-bob/);
    assert.equal((await admin.hop3(["user", "link", "admin", "u-ada"])).exitCode, 6, "it is ada's");
    provider.accounts["u-bob"] = vouched("bob");
    const bob = machine("bob");
    const ended = await bySso(bob, "u-bob");
    assert.match(ended.stderr, /as admin \(admin\)/);
    assert.equal((await admin.hop3(["user", "unlink", "admin", "u-bob"])).exitCode, 0);
    assert.equal((await bob.hop3(["whoami"])).exitCode, 4, "and the session has ended");
    assert.match((await admin.hop3(["user", "identities", "admin"])).stdout, /nobody at a provider/);
  });

  test("a person with a password says who they are there, and needs it no more", async () => {
    const store = await openStore({ file: platform.layout.database, mayCreate: false, clock: systemClock });
    await createUser(store, "carol", "viewer");
    await setPassword(store, "carol", await createPasswords().hash(password));
    await store.close();
    const carol = machine("carol");
    const file = join(dir, "password");
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    const first = await carol.hop3(["login", server, "--user", "carol", "--password-file", file]);
    assert.equal(first.exitCode, 0, first.stderr);
    provider.accounts["u-carol"] = vouched("somebody");
    const browse = async (url: string) => (await logIn(browser, url, "u-carol")).close();
    const linked = await visit(carol, ["account", "link", "--no-browser", "--password-file", file], browse);
    assert.equal(linked.exitCode, 0, linked.stderr);
    assert.match(linked.stdout, /u-carol/);
    const { stderr } = await bySso(machine("carol-other"), "u-carol");
    assert.match(stderr, /as carol \(viewer\)/);
  });

  test("each login and each link is one event, with who, by what and from where", async () => {
    const { events } = (await platform.api("GET", "/events?lines=1000")) as { events: Event[] };
    const of = (action: string, target: string) =>
      events.filter((event) => event.action === action && event.target === target);
    for (const [action, target, actor] of [
      ["user.create", "ada", "hop3"],
      ["login", "ada", "ada"],
      ["user.link", "admin", "admin"],
      ["user.unlink", "admin", "admin"],
      ["account.link", "carol", "carol"],
    ] as const) {
      const found = of(action, target).filter(({ outcome }) => outcome === "ok");
      assert.ok(found.length > 0, action);
      for (const event of found) {
        assert.equal(event.actor, actor);
        assert.equal(event.address, "127.0.0.1");
        assert.equal(event.details["issuer"], provider.issuer);
        if (action !== "user.create") assert.notEqual(event.credential, null);
      }
    }
    assert.equal(of("account.link", "carol").length, 1);
    const kept = of("login", "nobody");
    assert.deepEqual([...new Set(kept.map(({ outcome }) => outcome))], ["DENIED"]);
    assert.ok(kept.some(({ details }) => details["subject"] === "u-mallory"));
    // Steps on the way to a login are none.
    assert.deepEqual(
      events.filter(({ action, outcome }) => action === "public" && outcome === "ok"),
      [],
    );
  });

  test("hop3 system status says whether it works, and a provider that is down keeps nobody waiting", async () => {
    const admin = operator();
    const ok = await admin.hop3(["system", "status"]);
    assert.match(ok.stdout, /ok +single sign-on +http:\/\/127\.0\.0\.1:[0-9]+ answers.*who is new becomes a member/);
    await provider.halt();
    const down = await admin.hop3(["system", "status"]);
    assert.equal(down.exitCode, 1);
    assert.match(down.stdout, /warning +single sign-on +Nobody can log in by it now\. .* does not answer/);
    for (const flag of ["--sso", "--device"]) {
      const { exitCode, stderr } = await machine("late").hop3(["login", server, flag, "--no-browser"]);
      assert.equal(exitCode, 7, stderr);
      assert.match(stderr, /does not answer/);
    }
    await provider.startAgain();
  });

  test("a login goes on when hop3d has died since it began, while the browser is at the provider", async () => {
    provider.accounts["u-ada"] = vouched("ada");
    const { exitCode, stderr } = await login(machine("ada-slow"), ["--sso", "--no-browser"], async (url) => {
      const { services } = (await platform.api("GET", "/system/info")) as { services: { name: string; pid: number }[] };
      const hop3d = services.find(({ name }) => name === "hop3d");
      process.kill(hop3d?.pid ?? 0, "SIGKILL");
      await (await logIn(browser, url, "u-ada")).close();
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /logged in to .* as ada \(member\)/);
  });

  test("a login that is interrupted ends at once", async () => {
    const late = machine("late");
    let pid = 0;
    const { exitCode } = await exec([process.execPath, hop3, "login", server, "--sso", "--no-browser"], {
      cwd: dir,
      env: late.env,
      onSpawn: (spawned) => (pid = spawned),
      onLine: (line) => {
        if (line.includes("/auth?")) process.kill(pid, "SIGINT");
      },
      timeoutMs: 60_000,
    });
    assert.equal(exitCode, 130);
  });

  test("no secret of a login is in a log", () => {
    const files = readdirSync(platform.layout.root, { recursive: true, withFileTypes: true });
    const logs = files.filter((file) => file.isFile() && /\.log$|^[0-9]+$/.test(file.name));
    const log = logs.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")).join("\n");
    assert.ok(log.includes("/auth/sso/finish"));
    for (const secret of [/hop3l_[\w-]/, /hop3_[\w-]{43}/, /[?&]code=/, /code_verifier/, new RegExp(clientSecret)]) {
      assert.doesNotMatch(log, secret);
    }
  });
});
