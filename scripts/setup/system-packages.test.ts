import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { installSystemPackages } from "./system-packages.js";
import { SetupError } from "./setup-error.js";

const missing = [
  { deb: ["npm"], rpm: ["npm"] },
  { deb: ["python3", "python3-venv"], rpm: ["python3"] },
];

/** A host with one package manager (or none), which only writes down what it is asked for; `uid` is who we are. */
function host(t: TestContext, manager: "apt-get" | "dnf" | undefined, uid: number): { asked(): string[] } {
  const dir = mkdtempSync(join(tmpdir(), "hop3-packages-"));
  const before = process.env["PATH"];
  const log = join(dir, "log");
  writeFileSync(log, "");
  if (manager !== undefined) {
    writeFileSync(join(dir, manager), `#!/bin/sh\n[ "$1" = --version ] || echo "$@" >>${log}\n`);
    chmodSync(join(dir, manager), 0o755);
  }
  process.env["PATH"] = dir;
  t.mock.method(process as Required<Pick<typeof process, "getuid">>, "getuid", () => uid);
  t.after(() => {
    process.env["PATH"] = before;
    rmSync(dir, { recursive: true });
  });
  return { asked: () => readFileSync(log, "utf8").split("\n").filter(Boolean) };
}

describe("what is missing of the system's packages", () => {
  it("is installed by apt when root, and said", async (t) => {
    const { asked } = host(t, "apt-get", 0);
    const said: string[] = [];
    await installSystemPackages(missing, (line) => said.push(line));
    assert.deepEqual(asked(), ["update", "install -y --no-install-recommends npm python3 python3-venv"]);
    assert.deepEqual(said, ["installing system packages: npm python3 python3-venv"]);
  });

  it("is installed by dnf under its names there", async (t) => {
    const { asked } = host(t, "dnf", 0);
    await installSystemPackages(missing, () => undefined);
    assert.deepEqual(asked(), ["install -y npm python3"]);
  });

  it("is one line to type for who is not root, and nothing is installed", async (t) => {
    const { asked } = host(t, "apt-get", 1000);
    const hint = "Run: sudo apt-get install -y --no-install-recommends npm python3 python3-venv";
    await assert.rejects(
      installSystemPackages(missing, () => undefined),
      (error) => error instanceof SetupError && error.message.includes(hint),
    );
    assert.deepEqual(asked(), []);
  });

  it("is named where no package manager is known", async (t) => {
    host(t, undefined, 0);
    await assert.rejects(
      installSystemPackages(missing, () => undefined),
      (error) => error instanceof SetupError && error.message.includes("Missing: npm, python3, python3-venv."),
    );
  });
});
