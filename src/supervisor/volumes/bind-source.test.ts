import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { withoutRoot } from "../walls/testing.ts";
import { bindSource } from "./bind-source.ts";

describe("the directories of the server that an app may be given", { skip: withoutRoot() }, () => {
  let config: string;
  let base: string;
  let list: string;
  beforeEach(() => {
    config = mkdtempSync(join(tmpdir(), "hop3-config-"));
    // Not below a directory in which anybody may put something.
    base = mkdtempSync("/var/lib/hop3-test-");
    chmodSync(base, 0o755);
    list = join(config, "bind-volumes");
    for (const name of ["media/photos", "media2", "other"]) mkdirSync(join(base, name), { recursive: true });
    allow(`# For the gallery.\n\n  ${base}/media  \nrelative\n`);
  });
  afterEach(() => {
    for (const path of [config, base]) rmSync(path, { recursive: true });
  });

  const allow = (text: string): void => writeFileSync(list, text, { mode: 0o644 });
  const own = { root: "/var/lib/hop3-test-none", run: "/run/hop3-test-none" };
  const ask = (source: string, layout = own) => bindSource(list, layout, source);
  function refusal(source: string, layout = own): string {
    const found = ask(source, layout);
    return "refused" in found ? found.refused : assert.fail(`${source} was given`);
  }

  it("are those of the list and what lies in them", () => {
    assert.deepEqual(ask(`${base}/media`), { path: `${base}/media` });
    assert.deepEqual(ask(`${base}/media/photos`), { path: `${base}/media/photos` });
    for (const source of [base, `${base}/media2`, `${base}/other`, "/etc", "/var/lib"]) {
      assert.match(refusal(source), /cannot be bound: .* does not name it/);
    }
    assert.match(refusal(`${base}/media/none`), /there is no such directory/);
    writeFileSync(join(base, "media/file"), "");
    assert.match(refusal(`${base}/media/file`), /it is no directory/);
  });

  it("are none without a list, with an empty one, and with the whole server in it", () => {
    allow("");
    assert.match(refusal(`${base}/media`), /does not name it/);
    allow("/\n//\n/.\n");
    assert.match(refusal(`${base}/media`), /does not name it/);
    rmSync(list);
    assert.match(refusal(`${base}/media`), /does not name it/);
  });

  it("are none when the list is not root's alone", () => {
    for (const spoil of [
      () => chmodSync(list, 0o664),
      () => chmodSync(list, 0o646),
      () => chownSync(list, 65_534, 65_534),
    ]) {
      spoil();
      assert.match(refusal(`${base}/media`), /is not root's alone/);
      rmSync(list);
      allow(`${base}/media\n`);
    }
    rmSync(list);
    symlinkSync("/etc/passwd", list);
    assert.match(refusal(`${base}/media`), /cannot be read/);
    rmSync(list);
    allow(`${base}/media\n${"#".repeat(70_000)}\n`);
    assert.match(refusal(`${base}/media`), /longer than/);
  });

  it("are told by where they really are", () => {
    symlinkSync("/etc", join(base, "media/out"));
    assert.match(refusal(`${base}/media/out`), /does not name it/);
    symlinkSync(join(base, "media/photos"), join(base, "link"));
    assert.deepEqual(ask(`${base}/link`), { path: `${base}/media/photos` });
    // What is listed may be a link, too.
    symlinkSync(join(base, "other"), join(base, "listed"));
    allow(`${base}/listed\n`);
    assert.deepEqual(
      [ask(`${base}/listed`), ask(`${base}/other`)],
      [{ path: `${base}/other` }, { path: `${base}/other` }],
    );
    rmSync(join(base, "listed"));
    symlinkSync("/", join(base, "listed"));
    assert.match(refusal("/etc"), /does not name it/);
  });

  it("are none in whose place somebody else could put another", () => {
    const way = join(base, "media");
    chmodSync(way, 0o775);
    assert.match(refusal(`${way}/photos`), /others than root may change .*\/media, which has it/);
    chmodSync(way, 0o1777);
    assert.match(refusal(`${way}/photos`), /others than root may change/);
    chmodSync(way, 0o755);
    chownSync(way, 65_534, 65_534);
    assert.match(refusal(`${way}/photos`), /others than root may change/);
    // What it holds is its owner's: only the names on the way count.
    assert.deepEqual(ask(way), { path: way });
  });

  it("hold nothing of Hop3's own", () => {
    for (const root of [`${base}/media`, `${base}/media/photos`, base]) {
      assert.match(refusal(`${base}/media`, { ...own, root }), /holds what is Hop3's own/, root);
      assert.match(refusal(`${base}/media`, { ...own, run: root }), /holds what is Hop3's own/, root);
    }
    assert.equal(realpathSync(base), base);
    assert.match(readFileSync(list, "utf8"), /media/);
    const within = bindSource(join(base, "media/list"), own, `${base}/media`);
    assert.ok("refused" in within);
    writeFileSync(join(base, "media/list"), `${base}/media\n`, { mode: 0o644 });
    const beside = bindSource(join(base, "media/list"), own, `${base}/media`);
    assert.match("refused" in beside ? beside.refused : "", /holds what is Hop3's own/);
  });
});
