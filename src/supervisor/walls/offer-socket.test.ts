import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { offerSocket } from "./offer-socket.ts";
import { withoutRoot } from "./testing.ts";

const owners = { app: 70_001, group: 65_532 };

describe("an app's socket", { skip: withoutRoot("/usr/bin/python3", "/usr/bin/setpriv") }, () => {
  let root: string;
  let app: ChildProcess;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hop3-socket-"));
    chmodSync(root, 0o711);
    mkdirSync(join(root, "abcd"));
    chownSync(join(root, "abcd"), owners.app, owners.group);
    chmodSync(join(root, "abcd"), 0o710);
    const serve = `
import os, socket, sys
os.setgid(${owners.app}); os.setuid(${owners.app}); os.umask(0o077)
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print("up", flush=True)
while True: s.accept()[0].close()`;
    app = spawn("/usr/bin/python3", ["-c", serve, join(root, "abcd/s.sock")], { stdio: ["ignore", "pipe", "inherit"] });
    return new Promise<void>((resolve) => app.stdout?.once("data", () => resolve()));
  });
  afterEach(() => {
    app.kill("SIGKILL");
    rmSync(root, { recursive: true });
  });

  const connects = (user: number, group: number): boolean => {
    const code = `import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])`;
    const who = [`--reuid=${user}`, `--regid=${group}`, "--clear-groups", "/usr/bin/python3", "-c", code];
    return spawnSync("/usr/bin/setpriv", [...who, join(root, "abcd/s.sock")], { cwd: "/" }).status === 0;
  };

  it("is opened to the edge, whatever modes the app has made it with, and to nobody else", () => {
    assert.equal(connects(owners.group, owners.group), false);
    offerSocket(root, ["abcd", "s.sock"], owners);
    assert.equal(connects(owners.group, owners.group), true);
    assert.equal(connects(70_002, 70_002), false);
    offerSocket(root, ["abcd", "s.sock"], owners);
  });

  it("is not taken for one when it is a link, a file, or another's", () => {
    writeFileSync(join(root, "precious"), "", { mode: 0o600 });
    symlinkSync(join(root, "precious"), join(root, "abcd/link"));
    writeFileSync(join(root, "abcd/file"), "");
    chownSync(join(root, "abcd/file"), owners.app, owners.app);
    for (const name of ["link", "file"]) {
      assert.throws(() => offerSocket(root, ["abcd", name], owners), { code: "invalid" });
    }
    assert.throws(() => offerSocket(root, ["abcd", "s.sock"], { ...owners, app: 70_002 }), { code: "invalid" });
    assert.equal(statSync(join(root, "precious")).mode & 0o777, 0o600);
    assert.equal(statSync(join(root, "precious")).gid, 0);
  });
});
