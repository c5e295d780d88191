import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { doorOf, type Door } from "./door.ts";
import { withoutRoot } from "./testing.ts";

const owners = { app: 70_001, edge: 65_532 };

describe("the door of an app's socket", { skip: withoutRoot("/usr/bin/python3", "/usr/bin/setpriv") }, () => {
  let root: string;
  let socket: string;
  let door: Door;
  let children: ChildProcess[];

  beforeEach(() => {
    children = [];
    root = mkdtempSync(join(tmpdir(), "hop3-door-"));
    chmodSync(root, 0o711);
    for (const [path, mode, user, group] of [
      ["i", 0o700, 0, 0],
      ["i/abcd", 0o700, owners.app, owners.app],
      ["e", 0o710, 0, owners.edge],
    ] as const) {
      mkdirSync(join(root, path));
      chownSync(join(root, path), user, group);
      chmodSync(join(root, path), mode);
    }
    socket = join(root, "i/abcd/s.sock");
    door = doorOf({ sockets: join(root, "i"), doors: join(root, "e"), id: "abcd", owners });
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(root, { recursive: true });
  });

  /** Answers with `name` on a socket at `path` that `user` has made, as the app does that alone sees this directory. */
  const serve = async (name: string, path = socket, user = owners.app): Promise<void> => {
    const code = `
import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1])); os.setgid(${user}); os.setuid(${user}); os.umask(0o077)
s = socket.socket(socket.AF_UNIX); s.bind(os.path.basename(sys.argv[1])); s.listen(); print("up", flush=True)
while True: s.accept()[0].send(sys.argv[2].encode())`;
    const child = spawn("/usr/bin/python3", ["-c", code, path, name], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  };
  /** Who answers a user of this group; empty for nobody. */
  const answer = (user: number): string => {
    const code = `import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(9).decode())`;
    const who = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", "/usr/bin/python3", "-c", code];
    return spawnSync("/usr/bin/setpriv", [...who, door.path], { cwd: "/", encoding: "utf8" }).stdout.trim();
  };

  it("leads the edge to it, whatever modes the app has made it with, and nobody else", async () => {
    await serve("app");
    door.open();
    assert.equal(answer(owners.edge), "app");
    assert.equal(answer(70_002), "");
    door.open();
    assert.deepEqual(readdirSync(join(root, "e")), ["abcd"]);
  });

  for (const [what, swap] of [
    ["a link to another's socket", (other: string) => symlinkSync(other, socket)],
    [
      "a link to its directory",
      (other: string) => (
        rmSync(join(root, "i/abcd"), { recursive: true }),
        symlinkSync(join(other, ".."), join(root, "i/abcd"))
      ),
    ],
    ["another name of another's socket", (other: string) => linkSync(other, socket)],
    ["a file", () => writeFileSync(socket, "", { mode: 0o600 })],
    ["a directory", () => mkdirSync(socket)],
    ["nothing", () => undefined],
  ] as const) {
    it(`does not lead to ${what} that is put in its place, before it was open or after`, async () => {
      mkdirSync(join(root, "other"));
      const other = join(root, "other/s.sock");
      await serve("other", other, 0);
      const [before, mode] = [statSync(other).gid, statSync(other).mode];
      await serve("app");
      door.open();
      renameSync(socket, join(root, "i/abcd/old"));
      swap(other);
      assert.throws(door.open);
      assert.equal(answer(owners.edge), "app");
      door.close();
      assert.throws(door.open);
      assert.deepEqual([existsSync(door.path), readdirSync(join(root, "e"))], [false, []]);
      assert.deepEqual([statSync(other).gid, statSync(other).mode], [before, mode]);
    });
  }

  it("leads to the new one when the app makes it anew", async () => {
    await serve("app");
    door.open();
    rmSync(socket);
    await serve("again");
    door.open();
    assert.equal(answer(owners.edge), "again");
  });
});
