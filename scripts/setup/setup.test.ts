/** The set-up's parts that need no network: what counts as installed, one at a time, what a failure says. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { npmPackagesStand } from "./npm-packages.js";
import { onlyOneSetup } from "./only-one.js";
import { run } from "./run.js";
import { testFiles } from "./test-files.js";

let dir = "";
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "hop3-setup-"));
});
after(() => rm(dir, { recursive: true, force: true }));

describe("packages stand", () => {
  const other = process.arch === "x64" ? "arm64" : "x64";
  const wanted = {
    "": { dependencies: { plain: "1.0.0", native: "2.0.0" } },
    "node_modules/plain": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/native": { version: "2.0.0", integrity: "sha512-b", optionalDependencies: { here: "1", there: "1" } },
    "node_modules/here": { version: "1.0.0", integrity: "sha512-c", optional: true, os: "linux", cpu: [process.arch] },
    "node_modules/there": {
      version: "1.0.0",
      integrity: "sha512-d",
      optional: true,
      cpu: [other],
      dependencies: { only: "1" },
    },
    "node_modules/only": { version: "1.0.0", integrity: "sha512-e", optional: true },
  };

  async function standing(installed: readonly string[], change: Record<string, unknown> = {}): Promise<boolean> {
    const project = await mkdtemp(join(dir, "project-"));
    const present: Record<string, unknown> = {};
    for (const name of installed) {
      const path = `node_modules/${name}` as keyof typeof wanted;
      present[path] = { ...wanted[path], ...change };
      await mkdir(join(project, path), { recursive: true });
    }
    await mkdir(join(project, "node_modules"), { recursive: true });
    await writeFile(join(project, "package-lock.json"), JSON.stringify({ packages: wanted }));
    await writeFile(join(project, "node_modules/.package-lock.json"), JSON.stringify({ packages: present }));
    return npmPackagesStand(project);
  }

  it("when all that fits this machine is there, without what only another machine needs", async () => {
    assert.equal(await standing(["plain", "native", "here"]), true);
  });

  it("not when an optional package of this machine was left out, as an old npm does", async () => {
    assert.equal(await standing(["plain", "native"]), false);
  });

  it("not when a package has other bytes than the lock file says", async () => {
    assert.equal(await standing(["plain", "native", "here"], { integrity: "sha512-other" }), false);
  });

  it("not when nothing was installed", () => {
    assert.equal(npmPackagesStand(join(dir, "nothing")), false);
  });
});

describe("one set-up at a time", () => {
  const holder = `
    import { onlyOneSetup } from ${JSON.stringify(join(import.meta.dirname, "only-one.js"))};
    await onlyOneSetup(() => {}, () => new Promise((resolve) => {
      process.stdout.write("holding");
      process.stdin.once("data", resolve);
    }));
    process.exit();
  `;

  it("the second waits, says for whom, and goes on when the first is done", async () => {
    const first = spawn(process.execPath, ["--input-type=module", "-e", holder]);
    await once(first.stdout, "data");
    const said: string[] = [];
    const order: string[] = [];
    const second = onlyOneSetup(
      (line) => {
        said.push(line);
        order.push("waits");
        first.stdin.write("done");
      },
      async () => void order.push("works"),
    );
    await second;
    assert.deepEqual(order, ["waits", "works"]);
    assert.match(said[0] ?? "", new RegExp(`pid ${first.pid}\\b`));
  });

  it("a holder that was killed leaves no lock", async () => {
    const first = spawn(process.execPath, ["--input-type=module", "-e", holder]);
    await once(first.stdout, "data");
    let worked = false;
    await onlyOneSetup(
      () => first.kill("SIGKILL"),
      async () => {
        worked = true;
      },
    );
    assert.equal(worked, true);
  });
});

describe("a command of the set-up", () => {
  it("is tried again when a download failed, and its failure says the last lines and the command", async () => {
    const count = join(dir, "count");
    const argv = ["sh", "-c", `echo x >> ${count}; echo "no route to registry"; exit 3`];
    await assert.rejects(run(argv, { what: "fetching things", tries: 2 }), (error: Error) => {
      assert.match(error.message, /fetching things failed 2 times/);
      assert.match(error.message, /no route to registry/);
      assert.match(error.message, /By hand: sh -c/);
      return true;
    });
    assert.equal(await readFile(count, "utf8"), "x\nx\n");
  });

  it("that is missing says so", async () => {
    await assert.rejects(run(["hop3-no-such-command"], { what: "it" }), /ENOENT/);
  });
});

it("the tests of fixture apps are not ours", async () => {
  const root = await mkdtemp(join(dir, "tree-"));
  for (const path of ["src/a", "cmd", "scripts", "bench", "test/fixtures/app", "test/e2e"]) {
    await mkdir(join(root, path), { recursive: true });
  }
  for (const path of ["src/a/b.test.ts", "test/fixtures/app/c.test.ts", "test/e2e/d.test.ts", "src/a/e.ts"]) {
    await writeFile(join(root, path), "");
  }
  assert.deepEqual(testFiles(root), ["src/a/b.test.ts", "test/e2e/d.test.ts"]);
});
