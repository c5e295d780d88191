import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { layoutOf, type Layout } from "#core/layout.ts";
import { makeServerFolders } from "./server-folders.ts";
import { withoutRoot } from "./walls/testing.ts";

const ids = { hop3: 65_533, edge: 65_532, files: 65_531, apps: 65_530 };
const stranger = 65_530;

describe("the server's directories in system mode", { skip: withoutRoot("/usr/bin/setpriv") }, () => {
  let base: string;
  let layout: Layout;
  const can = (uid: number, test: string, path: string): boolean => {
    const groups = uid === stranger || uid >= 70_000 ? "--clear-groups" : `--groups=${ids.files}`;
    try {
      execFileSync("/usr/bin/setpriv", [`--reuid=${uid}`, `--regid=${uid}`, groups, "/usr/bin/test", test, path]);
      return true;
    } catch {
      return false;
    }
  };

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "hop3-folders-"));
    chmodSync(base, 0o711);
    layout = layoutOf({ root: join(base, "root"), run: join(base, "run") });
    makeServerFolders(layout, ids);
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it("let hop3d write its own, and the edge its own, and neither what root writes in", () => {
    const { root, incoming, hop3dHome, edgeLinks, edgeDocumentFolder, edgeStorage, edgeSockets, edgeSlots } = layout;
    for (const path of [root, incoming, hop3dHome, edgeLinks, edgeDocumentFolder])
      assert.ok(can(ids.hop3, "-w", path), path);
    for (const path of [edgeStorage, edgeSockets]) assert.ok(can(ids.edge, "-w", path), path);
    assert.ok(can(ids.hop3, "-w", layout.apiSockets));
    assert.ok(can(ids.edge, "-x", layout.apiSockets));
    assert.ok(!can(ids.edge, "-w", layout.apiSockets));
    for (const uid of [ids.hop3, ids.edge]) {
      for (const path of [edgeSlots, layout.edge, layout.apps, layout.logs, layout.run, layout.instanceSockets])
        assert.ok(!can(uid, "-w", path), `${uid} ${path}`);
    }
    for (const path of [root, edgeLinks, edgeDocumentFolder, incoming]) assert.ok(!can(ids.edge, "-w", path), path);
  });

  it("let both read what they need, and strangers nothing", () => {
    for (const path of [layout.edgeLinks, layout.edgeSlots, layout.edgeDocumentFolder, layout.apps, layout.run])
      for (const uid of [ids.hop3, ids.edge]) assert.ok(can(uid, "-x", path), `${uid} ${path}`);
    assert.ok(can(ids.hop3, "-r", layout.logs));
    assert.ok(!can(ids.edge, "-r", layout.logs));
    for (const path of [layout.edge, layout.apps, layout.logs, layout.run, layout.supervisor, layout.hop3dHome])
      for (const uid of [stranger, 70_001]) assert.ok(!can(uid, "-x", path), `${uid} ${path}`);
    assert.ok(!can(ids.hop3, "-x", layout.supervisor));
    assert.ok(!can(ids.hop3, "-x", layout.edgeStorage));
  });

  it("are put right at the next start, and nothing that is in them is touched", () => {
    const log = join(layout.logs, "supervisor.log");
    writeFileSync(log, "a line", { mode: 0o640 });
    chmodSync(layout.apps, 0o777);
    makeServerFolders(layout, ids);
    assert.equal(statSync(layout.apps).mode & 0o7777, 0o750);
    assert.equal(statSync(log).gid, ids.hop3);
  });

  it("are refused when a link or somebody else's directory is in their place", () => {
    rmSync(layout.incoming, { recursive: true });
    symlinkSync("/etc", layout.incoming);
    assert.throws(() => makeServerFolders(layout, ids), /\.incoming/);
    rmSync(layout.incoming);
    mkdirSync(layout.incoming);
    execFileSync("/bin/chown", [String(stranger), layout.incoming]);
    assert.throws(() => makeServerFolders(layout, ids), /made by somebody else/);
    assert.equal(statSync("/etc").uid, 0);
  });
});
