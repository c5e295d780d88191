/** Real git against a real forge on the loopback, which the tests' operator allows. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { parseNetworks } from "#core/networks.ts";
import { lookupHost } from "#sys/outbound/pinned-address.ts";
import { startForge, type Forge, type ForgeOptions } from "../../../test/git-server.ts";
import { createBuildTurns } from "../build-turns.ts";
import { receive, receiveLimits } from "../deploy/receive.ts";
import { pullGit, type GitPull } from "./pull-git.ts";
import type { Pulling } from "./pulling.ts";

const never = new AbortController().signal;

describe("fetching a repository", () => {
  let base: string;
  let forge: Forge;
  before(async () => {
    base = mkdtempSync(join(tmpdir(), "hop3-pull-"));
    forge = await startForge();
  });
  after(async () => {
    await forge.close();
    rmSync(base, { recursive: true, force: true });
  });

  const another = async (context: TestContext, options: ForgeOptions): Promise<Forge> => {
    const made = await startForge(options);
    context.after(() => made.close());
    return made;
  };
  const hooks = () => {
    const path = join(base, "hooks");
    mkdirSync(path, { recursive: true });
    return path;
  };
  const pulling = (networks: string): Pulling => ({
    rules: { allowed: parseNetworks(networks, "X"), lookup: lookupHost },
    turns: createBuildTurns(1),
    git: { hooks: hooks(), relay: [], environment: { PATH: process.env["PATH"] ?? "" } },
    authorities: undefined,
  });
  type More = { signal?: AbortSignal; bytes?: number; networks?: string };
  const fetchTree = async (
    pull: Partial<GitPull> & { url: string },
    { signal = never, bytes = receiveLimits.bytes, networks = "127.0.0.1" }: More = {},
  ) => {
    const folder = mkdtempSync(join(base, "u"));
    const said: string[] = [];
    const got = await pullGit(
      { ref: null, credential: null, ...pull },
      {
        pulling: pulling(networks),
        folder,
        bytes,
        signal,
        requireRoom: async () => undefined,
        say: async (text) => void said.push(text),
      },
    );
    const tree = join(folder, "tree");
    const received = await receive(got.archive, tree, receiveLimits, signal);
    return { commit: got.commit, subject: got.subject, tree, received };
  };
  const code =
    (wanted: ErrorCode, words?: RegExp) =>
    (error: unknown): boolean =>
      error instanceof AppError &&
      error.code === wanted &&
      (words === undefined || words.test(`${error.message} ${error.hint}`));

  it("brings the files of HEAD, of a branch, a tag and a commit, without their history", async () => {
    const first = forge.commit("blog", {
      "a.txt": "1",
      "bin/run": "#!/bin/sh\n",
      ".gitattributes": "a.txt export-ignore\n",
    });
    const live = forge.commit("blog", { "a.txt": "live" }, "live");
    forge.git("blog", "tag", "-a", "v1", "-m", "v1", live);
    const url = `${forge.origin}/blog`;
    const head = await fetchTree({ url });
    assert.deepEqual([head.commit, head.subject], [first, "Files of main"]);
    assert.deepEqual((await readdir(head.tree)).sort(), [".gitattributes", "a.txt", "bin"]);
    for (const ref of ["refs/heads/live", "live", "v1", "refs/tags/v1", live]) {
      const got = await fetchTree({ url, ref });
      assert.equal(got.commit, live, ref);
      assert.equal(await readFile(join(got.tree, "a.txt"), "utf8"), "live");
    }
  });

  it("goes through the way out: an address that is not allowed is refused, and never asked", async () => {
    forge.commit("blog", { a: "1" });
    const before = forge.asked.length;
    await assert.rejects(fetchTree({ url: `${forge.origin}/blog` }, { networks: "" }), code("SOURCE_REFUSED"));
    await assert.rejects(
      fetchTree({ url: `${forge.origin.replace("127.0.0.1", "localhost")}/blog` }, { networks: "" }),
      code("SOURCE_REFUSED"),
    );
    assert.equal(forge.asked.length, before);
  });

  it("looks at a redirect before it is followed", async (context) => {
    const to = await another(context, {});
    to.commit("blog", { a: "1" });
    const from = await another(context, {
      answer: (request, response) => {
        const target = request.url?.startsWith("/near/") ? to.origin : "http://10.255.255.1:9";
        response.writeHead(302, { location: `${target}${request.url?.replace(/^\/(near|far)/, "") ?? ""}` }).end();
        return true;
      },
    });
    assert.ok((await fetchTree({ url: `${from.origin}/near/blog` })).commit);
    await assert.rejects(fetchTree({ url: `${from.origin}/far/blog` }), code("SOURCE_REFUSED", /10\.255\.255\.1/));
  });

  it("opens a private repository with its token, which goes nowhere else and into no error", async (context) => {
    const closed = await another(context, { credential: "git:canary-token" });
    closed.commit("blog", { a: "1" });
    const thief = await another(context, {});
    const moved = await another(context, {
      answer: (request, response) => {
        response.writeHead(302, { location: `${thief.origin}${request.url ?? ""}` }).end();
        return true;
      },
    });
    const credential = { user: "git", token: "canary-token" };
    const url = `${closed.origin}/blog`;
    assert.ok((await fetchTree({ url, credential })).commit);
    await assert.rejects(fetchTree({ url }), code("SOURCE_FAILED", /is not open to this server.*keeps a token/));
    await assert.rejects(
      fetchTree({ url, credential: { user: "git", token: "wrong" } }),
      code("SOURCE_FAILED", /token still good/),
    );
    await assert.rejects(fetchTree({ url: `${moved.origin}/blog`, credential }), (error: unknown) => {
      return code("SOURCE_FAILED")(error) && !JSON.stringify([error, (error as AppError).message]).includes("canary");
    });
    assert.deepEqual(thief.asked, []);
  });

  it("says what is not there", async () => {
    forge.commit("blog", { a: "1" });
    await assert.rejects(fetchTree({ url: `${forge.origin}/nowhere` }), code("SOURCE_FAILED"));
    await assert.rejects(
      fetchTree({ url: `${forge.origin}/blog`, ref: "refs/heads/none" }),
      code("SOURCE_FAILED", /has no "none"/),
    );
    await assert.rejects(fetchTree({ url: `${forge.origin}/blog`, ref: "a".repeat(40) }), code("SOURCE_FAILED"));
    const [blob] = forge.git("blog", "rev-parse", "main:a").split("\n");
    await assert.rejects(fetchTree({ url: `${forge.origin}/blog`, ref: blob ?? "" }), code("SOURCE_FAILED"));
    await assert.rejects(fetchTree({ url: "http://127.0.0.1:1/x" }), code("SOURCE_FAILED"));
  });

  for (const [url, wanted] of [
    ["ssh://git@127.0.0.1/x", "NOT_BUILT_YET"],
    ["git@github.com:ada/blog.git", "NOT_BUILT_YET"],
    ["file:///etc", "SOURCE_REFUSED"],
    ["/etc", "SOURCE_REFUSED"],
    ["ext::sh -c id", "SOURCE_REFUSED"],
    ["--upload-pack=id", "SOURCE_REFUSED"],
    ["git://127.0.0.1/x", "SOURCE_REFUSED"],
    ["https://user:secret@example.com/x", "SOURCE_REFUSED"],
    ["https://example.com/x?token=s", "SOURCE_REFUSED"],
  ] as const) {
    it(`${url} is refused by ${wanted}`, () => assert.rejects(fetchTree({ url }), code(wanted)));
  }

  it("refuses submodules, and files of LFS, by name", async () => {
    const lfs = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;
    forge.commit("lfs", { ".gitattributes": "*.bin filter=lfs\n", "a.bin": lfs });
    await assert.rejects(fetchTree({ url: `${forge.origin}/lfs` }), code("INVALID_SOURCE", /a\.bin/));
    const commit = forge.commit("modules", { a: "1" });
    const tree = join(base, "modules-index");
    writeFileSync(`${tree}.txt`, "");
    const listed = `160000 commit ${commit}\tvendor\n`;
    const { execFileSync } = await import("node:child_process");
    const env = {
      PATH: process.env["PATH"] ?? "",
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b.c",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b.c",
    };
    const run = (args: string[], input = "") =>
      execFileSync("git", args, { cwd: join(forge.root, "modules"), env, input, encoding: "utf8" }).trim();
    const made = run(["commit-tree", run(["mktree", "--missing"], listed), "-m", "modules"]);
    run(["update-ref", "refs/heads/main", made]);
    await assert.rejects(fetchTree({ url: `${forge.origin}/modules` }), code("INVALID_SOURCE", /submodules.*vendor/));
  });

  it("a link out of the tree is refused as in an upload", async () => {
    forge.commit("links", { "out.txt": { link: "../../etc/passwd" } });
    await assert.rejects(fetchTree({ url: `${forge.origin}/links` }), code("INVALID_ARCHIVE", /outside the upload/));
  });

  it("ends when more comes than may, and leaves no process", async () => {
    const { randomBytes } = await import("node:crypto");
    forge.commit("large", { "x.bin": randomBytes(3_000_000).toString("base64") });
    await assert.rejects(fetchTree({ url: `${forge.origin}/large` }, { bytes: 100_000 }), code("TOO_LARGE"));
  });

  it("ends at once when its deploy is canceled, with the process that hangs", async (context) => {
    const hanging = await another(context, { answer: () => true });
    const stop = new AbortController();
    const fetched = fetchTree({ url: `${hanging.origin}/blog` }, { signal: stop.signal });
    const reason = new AppError("CANCELED", "Deploy 3 was canceled.");
    while (hanging.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const began = performance.now();
    stop.abort(reason);
    await assert.rejects(fetched, reason);
    assert.ok(performance.now() - began < 2000);
  });

  it("does nothing that a repository's or a host's configuration asks for", async () => {
    const mark = join(base, "ran");
    const home = join(base, "home");
    mkdirSync(home, { recursive: true });
    writeFileSync(
      join(home, ".gitconfig"),
      `[core]\n\thooksPath = ${home}\n\tsshCommand = touch ${mark}\n[url "file:///"]\n\tinsteadOf = ${forge.origin}\n`,
    );
    for (const hook of ["post-checkout", "reference-transaction", "post-index-change"]) {
      writeFileSync(join(home, hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    }
    forge.commit("blog", { a: "1", ".gitconfig": "[core]\n\tfsmonitor = touch ran\n" });
    assert.ok((await fetchTree({ url: `${forge.origin}/blog` })).commit);
    await assert.rejects(readFile(mark), { code: "ENOENT" });
  });
});
