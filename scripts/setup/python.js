/** The Python environment in .tools/python, used only to fetch wheels that hold binaries, exact and by hash. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { paths } from "./paths.js";
import { run } from "./run.js";

export async function makePythonEnvironment() {
  rmSync(paths.python, { recursive: true, force: true });
  await run(["python3", "-m", "venv", paths.python], { what: "making a Python environment", cwd: paths.root });
}

/** @param {string} name of a file in scripts/tools */
export function requirementsFile(name) {
  return join(paths.root, "scripts/tools", name);
}

/** @param {string[]} names files in scripts/tools */
export async function installWheels(names) {
  const pip = [join(paths.python, "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"];
  const exact = ["--require-hashes", "--only-binary", ":all:"];
  const files = names.flatMap((name) => ["-r", requirementsFile(name)]);
  await run([...pip, ...exact, ...files], { what: `pip install of ${names.join(", ")}`, cwd: paths.root, tries: 2 });
}
