/** `hop3 import` as a person runs it: real directories, the real client, the real server over a platform in memory. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { readTree } from "#cli/import/read-tree.ts";
import { AppError } from "#core/errors.ts";
import { commandLine } from "./command-line.ts";

const secret = "s3cret-value";

function writeAll(root: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("hop3 import", () => {
  it("shows its plan and changes nothing with --dry-run; no value is ever shown", async (context) => {
    const { run, platform, home } = await commandLine(context);
    const shop = writeAll(join(home, "My_Shop"), {
      Procfile: "web: x",
      ".env": `A=${secret}\nPORT=${secret}\nbad-name=${secret}\n`,
    });
    const shown = await run(["import", shop, "--dry-run"]);
    assert.equal(shown.exitCode, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^my-shop \(was My_Shop\): will be made\n  variables  1\n  domains    none\n  code       directory \.\n/,
    );
    assert.match(shown.stdout, /PORT: Hop3 gives it/);
    const data = (await run(["import", shop, "--dry-run", "--json"])).envelope().data;
    assert.ok(!JSON.stringify([shown, data]).includes(secret));
    assert.ok(!platform.apps.has("my-shop"));
  });

  it("asks before it begins, and refuses where nobody can be asked", async (context) => {
    const { run, platform, home } = await commandLine(context);
    const shop = writeAll(join(home, "shop"), { ".env": "A=1" });
    const refused = await run(["import", shop]);
    assert.equal(refused.exitCode, 10);
    assert.match(refused.stderr, /shop: will be made/);
    assert.ok(!platform.apps.has("shop"));
  });

  it("makes apps with variables and domains, says what to type next, and finds nothing to do the second time", async (context) => {
    const { run, platform, home } = await commandLine(context);
    const server = writeAll(join(home, "dokku"), {
      VHOST: "example.com",
      "wiki/ENV": `export TOKEN='${secret}'\nexport GREETING='it'\\''s'\n`,
      "wiki/VHOST": "wiki.example.com\n",
      "wiki/HEAD": "ref: refs/heads/main",
      "wiki/refs/heads/main": "",
      "wiki/DOKKU_SCALE": "web=2\n",
      "shop/ENV": "export A='1'\n",
      "shop/VHOST": "shop.example.com\n",
    });
    const done = await run(["import", server, "--yes"]);
    assert.equal(done.exitCode, 0, done.stderr);
    assert.deepEqual(platform.apps.get("wiki")?.env, { TOKEN: secret, GREETING: "it's" });
    assert.deepEqual(platform.apps.get("wiki")?.domains, ["wiki.example.com"]);
    assert.deepEqual(platform.apps.get("shop")?.env, { A: "1" });
    assert.match(done.stdout, /wiki: created, 2 variables set, wiki.example.com added/);
    assert.match(
      done.stdout,
      /git clone .*dokku\/wiki wiki && hop3 deploy wiki --app wiki\n  hop3 ps scale web=2 --app wiki/,
    );
    assert.ok(!JSON.stringify(done).includes(secret));
    const again = await run(["import", server]);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.match(again.stdout, /^Everything of this is there already/);
  });

  it("names exactly what failed, goes on with the other apps, and the same line completes it", async (context) => {
    let refusing = true;
    const { run, platform, home } = await commandLine(context, (useCases) => ({
      addDomain: async (call) => {
        if (refusing && call.body.domain === "b.example.com")
          throw new AppError("DOMAIN_TAKEN", "b belongs to another.");
        return useCases.addDomain(call);
      },
    }));
    const server = writeAll(join(home, "dokku"), {
      VHOST: "example.com",
      "one/ENV": "export A='1'\n",
      "one/VHOST": "a.example.com b.example.com c.example.com\n",
      "two/ENV": "export B='2'\n",
      "two/VHOST": "two.example.com\n",
    });
    const half = await run(["import", server, "--yes"]);
    assert.equal(half.exitCode, 6);
    assert.match(
      half.stdout,
      /one: created, 1 variable set, a.example.com, c.example.com added\n  failed: domain b.example.com: b belongs to another. \(DOMAIN_TAKEN\)/,
    );
    assert.match(half.stdout, /two: created, 1 variable set, two.example.com added/);
    refusing = false;
    const rest = await run(["import", server, "--yes"]);
    assert.equal(rest.exitCode, 0, rest.stderr);
    assert.match(rest.stdout, /^one: b.example.com added\n/);
    assert.deepEqual(platform.apps.get("one")?.domains.toSorted(), ["a.example.com", "b.example.com", "c.example.com"]);
  });

  it("stops where nothing can go better, and says which apps were not begun", async (context) => {
    const { run, home } = await commandLine(context, () => ({
      changeEnv: async () => {
        throw new AppError("STORE_FAILED", "The database is locked.");
      },
    }));
    const server = writeAll(join(home, "dokku"), {
      VHOST: "x",
      "one/ENV": "A=1",
      "one/VHOST": "",
      "two/ENV": "B=2",
      "two/VHOST": "",
    });
    const ended = await run(["import", server, "--yes"]);
    assert.equal(ended.exitCode, 7);
    assert.match(
      ended.stdout,
      /one: created\n  failed: variable A: The database is locked. \(STORE_FAILED\)\ntwo: nothing was changed\n  failed: everything: Not begun/,
    );
  });

  it("changes no app that serves, unless it is forced; what is set there stays", async (context) => {
    const { run, platform, home } = await commandLine(context);
    const blog = writeAll(join(home, "blog"), { ".env": "TOKEN=other\nNEW=1\n" });
    const refused = await run(["import", blog, "--yes"]);
    assert.equal(refused.exitCode, 6);
    assert.match(refused.stderr, /already that serves and lacks some of this: blog/);
    const forced = await run(["import", blog, "--force"]);
    assert.equal(forced.exitCode, 0, forced.stderr);
    assert.deepEqual(platform.apps.get("blog")?.env, { TOKEN: "canary-secret", NEW: "1" });
  });

  it("takes a name for the one app, and says what it cannot read", async (context) => {
    const { run, platform, home } = await commandLine(context);
    const odd = writeAll(join(home, "日本"), { ".env": "A=1" });
    assert.equal((await run(["import", odd, "--app", "nihon", "--yes"])).exitCode, 0);
    assert.deepEqual(platform.apps.get("nihon")?.env, { A: "1" });
    for (const [line, words] of [
      [["import", join(home, "nowhere")], /is no directory/],
      [["import", odd, "--from", "cpanel"], /nothing that can be imported/],
      [["import", odd, "--rename", "x"], /is not OLD=NEW/],
      [["import", writeAll(join(home, "empty"), { "notes.txt": "" })], /nothing here that can be imported/],
    ] as const) {
      const refused = await run(line);
      assert.equal(refused.exitCode, 2, refused.stderr);
      assert.match(refused.stderr, words);
    }
  });
});

describe("reading a tree of somebody else", () => {
  it("follows no link, in no part of a path, and reads no pipe, no large file and no bytes that are no text", async (context) => {
    const { home } = await commandLine(context);
    writeAll(home, { "outside/ENV": "STOLEN=1", "tree/plain": "\ufeffA=1\r\n", "tree/nul": "A=\0", "tree/large": "" });
    symlinkSync(join(home, "outside"), join(home, "tree/folder"));
    symlinkSync(join(home, "outside/ENV"), join(home, "tree/file"));
    symlinkSync("nowhere", join(home, "tree/dangling"));
    execFileSync("mkfifo", [join(home, "tree/pipe")]);
    writeFileSync(join(home, "tree/latin1"), Buffer.from([0x41, 0x3d, 0xe9]));
    truncateSync(join(home, "tree/large"), 5_000_000_000);
    const tree = await readTree(join(home, "tree"));
    assert.equal(tree.read("plain"), "A=1\r\n");
    for (const path of [
      "file",
      "folder/ENV",
      "dangling",
      "pipe",
      "nul",
      "latin1",
      "large",
      "../outside/ENV",
      "./plain/..",
      "",
      "none",
    ]) {
      assert.equal(tree.read(path), undefined, path);
    }
    assert.deepEqual(
      ["file", "folder", "folder/ENV", "pipe", "."].map((path) => tree.kind(path)),
      ["link", "link", undefined, "other", "folder"],
    );
    assert.deepEqual(tree.list("folder"), []);
  });

  it("reads a database from a copy, also one whose last writes are in its log, and no other file", async (context) => {
    const { home } = await commandLine(context);
    const open = new DatabaseSync(join(home, "hop3.db"));
    open.exec(
      "pragma journal_mode = wal; create table app (id integer, name text); insert into app values (1, 'blog')",
    );
    open.exec("create view env_var as select 1");
    writeFileSync(join(home, "broken.db"), "no database");
    const tree = await readTree(home);
    assert.deepEqual(tree.rows("hop3.db", "app"), [{ id: "1", name: "blog" }]);
    assert.equal(tree.rows("hop3.db", "env_var"), undefined);
    assert.equal(tree.rows("hop3.db", 'app"; drop table app; --'), undefined);
    assert.equal(tree.rows("broken.db", "app"), undefined);
    assert.equal(tree.rows("none.db", "app"), undefined);
    open.close();
  });
});
