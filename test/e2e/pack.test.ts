/** What `npm pack` makes works where nothing else of Hop3 is: in an empty directory, on the host's own Node as well. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");
const pinnedNpm = join(root, ".tools/bin/npm");
const npm = existsSync(pinnedNpm) ? pinnedNpm : "npm";
const token = "hop3-pack-test-0123456789abcdef";

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs argv to its end, with Node 26 first on PATH and `input` as its standard input. */
async function run(
  argv: readonly [string, ...string[]],
  options: { cwd: string; env?: Record<string, string>; input?: string },
): Promise<Ended> {
  const [command, ...args] = argv;
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
    ...options.env,
  };
  const child = spawn(command, args, { cwd: options.cwd, env, timeout: 120_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => {}).end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("the package", () => {
  let dir = "";
  let installed = "";
  let server: Server;
  let url = "";
  const asked: string[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-pack-"));
    const packed = await run([npm, "pack", "--pack-destination", dir], { cwd: root });
    assert.equal(packed.code, 0, packed.stderr);
    const tarball = (await readdir(dir)).find((name) => name.endsWith(".tgz"));
    assert.ok(tarball !== undefined);
    installed = join(dir, "empty");
    await mkdir(installed);
    const install = await run([npm, "install", "--no-audit", "--no-fund", join(dir, tarball)], { cwd: installed });
    assert.equal(install.code, 0, install.stderr);
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? "no token"}`);
      const answers: Record<string, unknown> = {
        "/api/v1/version": { name: "hop3", version: "0.1.0", api: "v1" },
        "/api/v1/whoami": {
          user: "ada",
          org: "default",
          roles: ["admin"],
          grants: [],
          credential: { id: "0123456789abcdef", kind: "token", name: "laptop", expiresAt: null },
          scope: { actions: null, apps: null },
        },
      };
      const answer = answers[request.url ?? ""];
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? {}));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("brings only the Node of this machine, no other package and no TypeScript", async () => {
    const packages = (await readdir(join(installed, "node_modules"))).filter((name) => !name.startsWith("."));
    assert.deepEqual(packages.sort(), ["hop3", `node-linux-${process.arch}`]);
    const files = await readdir(join(installed, "node_modules/hop3"), { recursive: true });
    assert.ok(files.includes("dist/hop3.js"));
    assert.deepEqual(
      files.filter((name) => name.endsWith(".ts")),
      [],
    );
  });

  it("runs hop3 --version", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    const ended = await run([join(installed, "node_modules/.bin/hop3"), "--version"], { cwd: installed });
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(ended.stdout.includes(version), ended.stdout);
  });

  it("runs hop3 on the Node it brought when the one on PATH is too old", async () => {
    const old = join(dir, "old");
    await mkdir(old);
    // The launcher looks at process.versions alone, so a preload that says 20 stands for an old Node.
    await writeFile(
      join(old, "old.cjs"),
      `if (!process.argv[1]?.endsWith("main.js")) Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });
       else require("node:fs").writeFileSync(${JSON.stringify(join(old, "by"))}, process.execPath);`,
    );
    // Where the host has no libatomic, the set-up has put one beside the pinned Node; a person would install it.
    const env = { NODE_OPTIONS: `--require ${join(old, "old.cjs")}`, LD_LIBRARY_PATH: dirname(process.execPath) };
    const ended = await run([join(installed, "node_modules/.bin/hop3"), "--version"], { cwd: installed, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(
      await readFile(join(old, "by"), "utf8"),
      join(installed, `node_modules/node-linux-${process.arch}/bin/node`),
    );
  });

  it("runs hop3 login: asks the server who the token is, keeps it where only its owner reads", async () => {
    const config = join(dir, "config");
    const login = [join(installed, "node_modules/.bin/hop3"), "login", url, "--token-stdin"] as const;
    const ended = await run([...login], {
      cwd: installed,
      env: { HOP3_CONFIG_DIR: config, HOME: dir },
      input: `${token}\n`,
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(asked.includes(`GET /api/v1/whoami Bearer ${token}`), asked.join("\n"));
    const file = join(config, "servers.toml");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.ok((await readFile(file, "utf8")).includes(token));
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(token));
  });
});

it("what is published lists no dependency: the bundle holds them", async () => {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  assert.equal(manifest["dependencies"], undefined);
});
