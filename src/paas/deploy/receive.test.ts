import assert from "node:assert/strict";
import { lstat, mkdtemp, readFile, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { AppError } from "#core/errors.ts";
import { receive, receiveLimits } from "./receive.ts";

type Entry = Partial<Header> & { name: string; body?: string };

describe("receiving an upload", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-receive-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const never = new AbortController().signal;
  const into = async (entries: readonly Entry[], limits = receiveLimits) =>
    receive(once(await tar(entries)), join(dir, "tree"), limits, never);

  it("unpacks files, folders and the executable bit, and nothing else of the mode", async () => {
    const got = await into([
      { name: "./", type: "directory" },
      { name: "./app/main.py", body: "print(1)", mode: 0o666 },
      { name: "bin/run", body: "#!/bin/sh", mode: 0o4777 },
      { name: "empty/", type: "directory" },
    ]);
    assert.deepEqual(got, { files: 2, bytes: 17 });
    assert.equal(await readFile(join(dir, "tree/app/main.py"), "utf8"), "print(1)");
    assert.equal((await lstat(join(dir, "tree/app/main.py"))).mode & 0o7777, 0o644);
    assert.equal((await lstat(join(dir, "tree/bin/run"))).mode & 0o7777, 0o755);
    assert.ok((await lstat(join(dir, "tree/empty"))).isDirectory());
  });

  it("takes a gzipped tar, in chunks of any size", async () => {
    const bytes = gzipSync(await tar([{ name: "a.txt", body: "x".repeat(100_000) }]));
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    })();
    assert.deepEqual(await receive(chunks, join(dir, "tree"), receiveLimits, never), { files: 1, bytes: 100_000 });
  });

  it("takes a tar in zstd, in chunks of any size", async () => {
    const bytes = zstdCompressSync(await tar([{ name: "a.txt", body: "x".repeat(100_000) }]));
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1);
    })();
    assert.deepEqual(await receive(chunks, join(dir, "tree"), receiveLimits, never), { files: 1, bytes: 100_000 });
  });

  for (const [kind, start] of [
    ["zip", "504b0304140000"],
    ["bzip2", "425a683931415926"],
    ["xz", "fd377a585a0000"],
  ] as const) {
    it(`says that a ${kind} archive is one, and what is taken`, async () => {
      const archive = once(Buffer.concat([Buffer.from(start, "hex"), Buffer.alloc(5000, 1)]));
      await assert.rejects(receive(archive, join(dir, "tree"), receiveLimits, never), (error: unknown) => {
        return error instanceof AppError && error.code === "INVALID_ARCHIVE" && error.message.includes(kind);
      });
    });
  }

  it("a broken or endless compressed archive is refused", async () => {
    const whole = zstdCompressSync(await tar([{ name: "a.txt", body: "x".repeat(100_000) }]));
    for (const bytes of [whole.subarray(0, 20), Buffer.concat([whole.subarray(0, 12), Buffer.alloc(50, 7)])]) {
      await assert.rejects(receive(once(bytes), join(dir, `t${bytes.length}`), receiveLimits, never), {
        code: "INVALID_ARCHIVE",
      });
    }
    const bomb = zstdCompressSync(Buffer.alloc(50_000_000));
    await assert.rejects(receive(once(bomb), join(dir, "bomb"), { bytes: 1000, entries: 100 }, never), {
      code: "TOO_LARGE",
    });
  });

  describe("packed as forges do it", () => {
    const stripped = async (entries: readonly Entry[]) =>
      receive(once(await tar(entries)), join(dir, "tree"), receiveLimits, never, true);

    it("a single folder that holds everything is taken off, and links inside it stay", async () => {
      await stripped([
        { name: "blog-1.2/", type: "directory" },
        { name: "blog-1.2/src/app.py", body: "1" },
        { name: "blog-1.2/current", type: "symlink", linkname: "src/app.py" },
      ]);
      assert.deepEqual((await readdir(join(dir, "tree"))).toSorted(), ["current", "src"]);
      assert.equal(await readFile(join(dir, "tree/current"), "utf8"), "1");
    });

    it("what has more beside the folder stays as it is", async () => {
      await stripped([
        { name: "blog/a", body: "1" },
        { name: "README", body: "2" },
      ]);
      assert.deepEqual((await readdir(join(dir, "tree"))).toSorted(), ["README", "blog"]);
    });

    it("a link beside the folder counts as more", async () => {
      await stripped([
        { name: "blog/a", body: "1" },
        { name: "current", type: "symlink", linkname: "blog" },
      ]);
      assert.deepEqual((await readdir(join(dir, "tree"))).toSorted(), ["blog", "current"]);
    });

    it("a link that leads out of the folder, though not of the archive, is refused", async () => {
      const entries: Entry[] = [
        { name: "blog/a", body: "1" },
        { name: "blog/out", type: "symlink", linkname: "../blog/a" },
      ];
      await assert.rejects(stripped(entries), { code: "INVALID_ARCHIVE" });
    });
  });

  it("keeps links that stay inside, also dangling ones", async () => {
    await into([
      { name: "real/file", body: "1" },
      { name: "link", type: "symlink", linkname: "real/file" },
      { name: "real/up", type: "symlink", linkname: "../later" },
    ]);
    assert.equal(await readlink(join(dir, "tree/link")), "real/file");
    assert.equal(await readlink(join(dir, "tree/real/up")), "../later");
  });

  const few = { bytes: 1000, entries: 100 };
  const large = (error: unknown) => error instanceof AppError && error.code === "TOO_LARGE";

  it("counts the folders that names imply: each is an inode", async () => {
    const deep = (first: string) => ({ name: `${first}/${"d/".repeat(60)}f`, body: "" });
    await assert.rejects(into([deep("a"), deep("b"), deep("c")], few), large);
  });

  it("counts the folders of links too", async () => {
    const deep = (first: string): Entry => ({ name: `${first}/${"d/".repeat(60)}l`, type: "symlink", linkname: "x" });
    await assert.rejects(into([deep("a"), deep("b")], few), large);
  });

  it("refuses a link to a path longer than any, which it would have to remember", async () => {
    const linkname = "x/".repeat(2_000_000);
    await assert.rejects(into([{ name: "l", type: "symlink", linkname }]), (error: unknown) => {
      return error instanceof AppError && error.code === "INVALID_ARCHIVE" && error.message.length < 300;
    });
  });

  it("ends an archive of endless padding, and one of headers that announce nothing", async () => {
    const endless = async function* (block: Uint8Array) {
      yield await tar([{ name: "a", body: "1" }]);
      for (;;) yield block;
    };
    await assert.rejects(receive(endless(new Uint8Array(65_536)), join(dir, "tree"), few, never), large);
    // A global pax header, again and again: the unpacker makes no entry of it.
    const header = (await tar([{ name: "x", type: "file", body: "y", pax: { comment: "z".repeat(2000) } }])).subarray(
      0,
      3072,
    );
    await assert.rejects(
      receive(endless(header), join(dir, "tree-2"), few, never),
      (error: unknown) => error instanceof AppError,
    );
  });

  const outside: Record<string, Entry[]> = {
    "an absolute name": [{ name: "/etc/cron.d/x", body: "1" }],
    "a name with ..": [{ name: "a/../../x", body: "1" }],
    "a link to an absolute path": [{ name: "l", type: "symlink", linkname: "/etc/passwd" }],
    "a link that climbs out": [{ name: "d/l", type: "symlink", linkname: "../../x" }],
    "a chain of links that climbs out": [
      { name: "here", type: "symlink", linkname: "." },
      { name: "out", type: "symlink", linkname: "here/here/../.." },
    ],
    "a file through a link": [
      { name: "l", type: "symlink", linkname: "." },
      { name: "l/x", body: "1" },
    ],
    "a link below a file": [
      { name: "f", body: "1" },
      { name: "f/l", type: "symlink", linkname: "x" },
    ],
    "a hard link": [{ name: "h", type: "link", linkname: "/etc/shadow" }],
    "a device": [{ name: "null", type: "character-device" }],
    "a named pipe": [{ name: "pipe", type: "fifo" }],
    "the same file twice": [
      { name: "a", body: "1" },
      { name: "./a", body: "2" },
    ],
    "a file that is a folder too": [
      { name: "a/b", body: "1" },
      { name: "a", body: "2" },
    ],
    "a name that no file system takes": [{ name: "x".repeat(256), body: "1" }],
    "a very deep name": [{ name: `${"d/".repeat(80)}x`, body: "1" }],
    "no files": [],
  };
  for (const [what, entries] of Object.entries(outside)) {
    it(`refuses ${what} and writes nothing outside the tree`, async () => {
      await assert.rejects(
        into(entries),
        (error: unknown) => error instanceof AppError && error.code === "INVALID_ARCHIVE",
      );
      assert.deepEqual(await readdir(dir), ["tree"]);
    });
  }

  it("refuses more bytes or entries than the limits", async () => {
    const three = [
      { name: "a", body: "12345" },
      { name: "b", body: "12345" },
      { name: "c", body: "12345" },
    ];
    const tooLarge = (error: unknown) => error instanceof AppError && error.code === "TOO_LARGE";
    await assert.rejects(into(three, { bytes: 14, entries: 10 }), tooLarge);
    await rm(join(dir, "tree"), { recursive: true });
    await assert.rejects(into(three, { bytes: 100, entries: 2 }), tooLarge);
  });

  it("refuses what is no tar, and a tar that breaks off", async () => {
    const whole = await tar([{ name: "a", body: "x".repeat(5000) }]);
    for (const bytes of [
      Buffer.from("PK\u0003\u0004".padEnd(2048, "zip")),
      whole.subarray(0, 3000),
      gzipSync(whole).subarray(0, 40),
    ]) {
      await assert.rejects(receive(once(bytes), join(dir, "tree"), receiveLimits, never), (error: unknown) => {
        assert.ok(error instanceof AppError);
        return error.code === "INVALID_ARCHIVE";
      });
      await rm(join(dir, "tree"), { recursive: true });
    }
  });

  it("ends while bytes come when the room that must stay is touched", async () => {
    const whole = await tar([{ name: "a", body: "x".repeat(40 * 1024 * 1024) }]);
    const chunks = (async function* () {
      for (let at = 0; at < whole.length; at += 1024 * 1024) yield whole.subarray(at, at + 1024 * 1024);
    })();
    let looks = 0;
    const requireRoom = async () => {
      looks += 1;
      if (looks === 3) throw new AppError("DISK_FULL", "No room.");
    };
    await assert.rejects(receive(chunks, join(dir, "tree"), { ...receiveLimits, requireRoom }, never), {
      code: "DISK_FULL",
    });
    assert.ok((await lstat(join(dir, "tree/a"))).size < 30 * 1024 * 1024, "the rest was not written");
  });

  it("stops when the upload is aborted", async () => {
    const abort = new AbortController();
    const whole = await tar([{ name: "a", body: "x".repeat(5000) }]);
    const stalls = (async function* () {
      yield whole.subarray(0, 2048);
      abort.abort();
      yield whole.subarray(2048);
    })();
    await assert.rejects(
      receive(stalls, join(dir, "tree"), receiveLimits, abort.signal),
      (error: unknown) => error instanceof AppError && error.code === "CANCELED",
    );
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const packing = pack();
  for (const { body, ...header } of entries) packing.entry(header, body ?? "");
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
