/** What the tests of the walls need of a host, told before they begin: one that lacks it leaves them out, and says why. */
import { spawnSync } from "node:child_process";
import { rmdirSync } from "node:fs";
import { makeCgroup, openTree } from "../cgroup/cgroup.ts";
import { detectCgroups } from "../cgroup/detect.ts";
import { isProgram, needed } from "./missing.ts";

const python = "/usr/bin/python3";

/** For `skip`: why these tests cannot run here, or false. */
export function withoutWalls(): string | false {
  return withoutRoot(python, ...needed.map(({ path }) => path));
}

/** As above, for what needs cgroups of a process's own, and these programs. */
export function withoutCgroups(...programs: readonly string[]): string | false {
  return withoutRoot(python, ...programs) || cgroupsRefused();
}

export function withoutRoot(...programs: readonly string[]): string | false {
  if (process.getuid?.() !== 0) return "only root can do this";
  const lacking = programs.filter((path) => !isProgram(path));
  if (lacking.length > 0) return `this host lacks ${lacking.join(", ")}`;
  // Root of a container is often root in name alone.
  const tried = spawnSync("/usr/bin/unshare", ["--net", "--mount", "--pid", "--fork", "/bin/true"], {
    stdio: "ignore",
  });
  return tried.status === 0 ? false : "namespaces cannot be made here";
}

/** Containers often show the tree and let nobody change it. */
function cgroupsRefused(): string | false {
  const tree = detectCgroups(`hop3-try-${process.pid}`);
  if (tree?.unified === undefined) return "this host has no cgroups of version 2";
  try {
    openTree(tree, process.pid);
    makeCgroup(tree, ["try"]);
    for (const base of new Set([...Object.values(tree.bases), tree.unified])) {
      rmdirSync(`${base}/try`);
      if (tree.version === 1) rmdirSync(base);
    }
    return false;
  } catch (error) {
    return `cgroups cannot be made here: ${String(error)}`;
  }
}
