import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../errors.ts";
import { readAppSpec } from "./read.ts";
import { memoryFiles } from "./testing.ts";

const read = (text: string) => readAppSpec(memoryFiles({ "hop3.toml": text })).volumes;
const table = (lines: string) => `[[volumes]]\n${lines}\n`;

function refusal(text: string): { code: string; all: string } {
  try {
    read(text);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, all: [error.message, ...error.details].join("\n") };
    throw error;
  }
  return assert.fail(`not refused: ${text}`);
}

describe("[[volumes]]", () => {
  it("is kept and writable unless it says otherwise, and its target is tidied", () => {
    assert.deepEqual(read(table('name = "media"\ntarget = "./var//media/"')), [
      { name: "media", target: "var/media", mode: "rw", type: "persist" },
    ]);
    assert.equal(read(""), undefined);
  });

  it("may be memory of a size, or a directory of the server", () => {
    const both = table('name = "scratch"\ntarget = "tmp"\ntype = "tmpfs"\nsize = "1.5M"');
    const bind = table('name = "pictures"\ntarget = "pictures"\ntype = "bind"\nsource = "/srv/pictures"\nmode = "ro"');
    assert.deepEqual(read(both + bind), [
      { name: "scratch", target: "tmp", mode: "rw", type: "tmpfs", bytes: 1.5 * 1024 * 1024 },
      { name: "pictures", target: "pictures", mode: "ro", type: "bind", source: "/srv/pictures" },
    ]);
  });

  it("lies inside the app, under a name that is one", () => {
    const wrong = [
      "",
      ".",
      "./",
      "/",
      "/etc",
      "..",
      "a/../b",
      "a/..",
      "../a",
      "a\\\\b",
      "a b",
      "a;b",
      "$HOME",
      "a`b`",
      "a'b",
      "a*",
      "\\u0000",
      "a\\u0000b",
      "a\\nb",
      "\\u00fcber",
      "a\\u202eb",
      "\\u0430",
      ".hop3",
      ".hop3/volumes/a",
      "x".repeat(129),
      `${"abc/".repeat(80)}a`,
    ];
    for (const target of wrong) {
      const { code, all } = refusal(table(`name = "media"\ntarget = "${target}"`));
      assert.equal(code, "INVALID_CONFIG", target);
      assert.match(all, /^hop3\.toml:3: `volumes\[0\]\.target` must be a directory inside the app/, target);
    }
    for (const name of ["", "Media", "9a", "-a", "a/b", "..", "a.b", "m\\u00e9dia", "a b", "a".repeat(33)]) {
      assert.match(refusal(table(`name = "${name}"\ntarget = "a"`)).all, /`volumes\[0\]\.name` is not a name/, name);
    }
  });

  it("takes a source that is one path and leads straight down", () => {
    for (const source of ["", "srv", "/", "//srv", "/srv/", "/srv/../etc", "/srv/.", "/srv//a", "/a b", "/a\\u0000"]) {
      const { all } = refusal(table(`name = "a"\ntarget = "a"\ntype = "bind"\nsource = "${source}"`));
      assert.match(all, /`volumes\[0\]\.source` must be an absolute path/, source);
    }
  });

  it("says what each type needs, and what it would do nothing with", () => {
    const tmpfs = table('name = "a"\ntarget = "a"\ntype = "tmpfs"');
    assert.match(refusal(tmpfs).all, /`volumes\[0\]\.size` is needed/);
    assert.match(refusal(table('name = "a"\ntarget = "a"\ntype = "tmpfs"\nsize = "12"')).all, /must be at least "1M"/);
    assert.match(
      refusal(table('name = "a"\ntarget = "a"\ntype = "tmpfs"\nsize = "big"')).all,
      /must be a size such as/,
    );
    assert.match(refusal(table('name = "a"\ntarget = "a"\nsize = "8M"')).all, /means nothing for a persist volume/);
    assert.match(refusal(table('name = "a"\ntarget = "a"\nsource = "/a"')).all, /source` means nothing for a persist/);
    assert.match(refusal(table('name = "a"\ntarget = "a"\ntype = "bind"')).all, /`volumes\[0\]\.source` is needed/);
    assert.match(refusal(`${tmpfs}size = "8M"\nmode = "ro"\n`).all, /which begins empty/);
    assert.match(refusal(table('name = "a"\ntarget = "a"\ntype = "nfs"')).all, /must be persist, tmpfs or bind/);
    const later = refusal(table('name = "a"\ntarget = "a"\nbackup = { include = true }'));
    assert.deepEqual([later.code, later.all.includes("`volumes[0].backup`")], ["NOT_BUILT_YET", true]);
  });

  it("is no other's, by name or by place", () => {
    const two = (name: string, target: string) =>
      refusal(table('name = "a"\ntarget = "data"') + table(`name = "${name}"\ntarget = "${target}"`)).all;
    assert.match(two("a", "other"), /hop3\.toml:5: `volumes\[1\]\.name` is the name of volume 1 too/);
    assert.match(two("b", "data"), /`volumes\[1\]\.target` and that of a lie in each other/);
    assert.match(two("b", "data/inner"), /lie in each other/);
    assert.equal(read(table('name = "a"\ntarget = "data"') + table('name = "b"\ntarget = "data2"'))?.length, 2);
    const many = Array.from({ length: 33 }, (_, index) => table(`name = "v${index}"\ntarget = "v${index}"`)).join("");
    assert.match(refusal(many).all, /has more than 32 volumes/);
  });
});
