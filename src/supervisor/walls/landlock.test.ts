import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hostTool } from "../host-tool.ts";
import { closeInherited } from "./inherited.ts";
import { landlockArgv, landlockOf, landlockVersion } from "./landlock.ts";

const version = await landlockVersion(hostTool);
const withoutPrivileges = ["/usr/bin/setpriv", "--no-new-privs"];

describe("what a command gives up before it begins", () => {
  let root: string;
  let server: Server;
  const name = `hop3-landlock-${process.pid}`;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), "hop3-landlock-"));
    for (const directory of ["free", "free/below", "sockets"]) mkdirSync(join(root, directory));
    server = createServer((socket) => socket.end("outside")).listen(`\0${name}`);
    await new Promise((resolve) => server.once("listening", resolve));
  });
  after(() => {
    server.close();
    rmSync(root, { recursive: true });
  });
  const run = (free: readonly string[], ...command: readonly string[]) => {
    const [file = "", ...args] = [...withoutPrivileges, ...landlockArgv(free), ...command];
    return spawnSync(file, args, { encoding: "utf8", cwd: root, timeout: 20_000 });
  };
  const python = (free: readonly string[], code: string) => run(free, "/usr/bin/python3", "-c", code);

  it("is no argument and no status of it", () => {
    assert.equal(run([], "/bin/sh", "-c", 'printf "%s|" "$@"; exit 7', "sh", "a b", "--", "").stdout, "a b|--||");
    assert.equal(run([], "/bin/sh", "-c", "exit 7").status, 7);
    assert.equal(run([], "/no/such/program").status, 126);
  });

  it("is its core dumps, those that a program of the host would take too", () => {
    assert.match(run([], "/bin/cat", "/proc/self/limits").stdout, /^Max core file size +1 +1 +bytes/m);
  });

  it("is no open file", () => {
    closeInherited(); // as the supervisor does first of all
    const listing = "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))";
    assert.equal(python([root, "/tmp"], listing).stdout, "[0, 1, 2, 3]\n");
  });

  const abstract = version < landlockOf.abstract && "this kernel's Landlock does not know sockets without a file";
  it("is others' sockets that have no file, and not its own", { skip: abstract }, () => {
    const connect = (to: string) => `import socket
own = socket.socket(socket.AF_UNIX); own.bind("\\0${name}-own"); own.listen()
socket.socket(socket.AF_UNIX).connect("\\0${to}")`;
    assert.match(python([], connect(name)).stderr, /PermissionError/);
    assert.equal(python([], connect(`${name}-own`)).status, 0);
  });

  const making = version < landlockOf.making && "this kernel's Landlock does not tell moving from making";
  it("is making anything but sockets where it is not free to", { skip: making }, () => {
    const tries = `import os, socket
def tried(work):
  try: work()
  except OSError as error: return error.strerror
  return "done"
def all(at):
  return [tried(one) for one in (
    lambda: open(at + "/file", "w"), lambda: os.mkdir(at + "/directory"), lambda: os.symlink("/", at + "/link"),
    lambda: os.mkfifo(at + "/fifo"), lambda: socket.socket(socket.AF_UNIX).bind(at + "/socket"),
    lambda: os.rename(at + "/socket", at + "/moved"), lambda: os.unlink(at + "/moved"))]
print(all("sockets")); print(all("free")); print(tried(lambda: os.rename("free/file", "free/below/file")))
print(tried(lambda: os.rename("free/below/file", "sockets/file")))`;
    const [there, free, within, away] = python([join(root, "free")], tries).stdout.split("\n");
    const refused = "'Permission denied', ".repeat(4);
    assert.equal(there, `[${refused}'done', 'done', 'done']`);
    assert.equal(free, `[${"'done', ".repeat(6)}'done']`);
    assert.deepEqual([within, away], ["done", "Permission denied"]);
  });
});
