/**
 * What the edge serves of a build stays in the build. An upload's links were checked when it came (receive.ts), but a
 * build may make any link, and the edge follows them: so directories of static files are looked through once more when
 * the tree is sealed. Links whose names the edge never serves (those that begin with a dot) may point anywhere.
 */
import { lstat, opendir, readlink, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

/** Most files and folders of one directory of static files that are looked at. */
const entriesMax = 500_000;

/** Most links on one path, as in the kernel. */
const linksMax = 40;

/** The tree as it is called, and where it really is. */
type Place = { readonly tree: string; readonly home: string };

/**
 * `staticPaths` are prefixes to directories relative to `tree`. Throws INVALID_SOURCE when one of them, or a link in it,
 * leads out of the tree; a directory that is not there is no harm.
 */
export async function checkStaticRoots(tree: string, staticPaths: Readonly<Record<string, string>>): Promise<void> {
  const place = { tree, home: await realpath(tree) };
  for (const directory of new Set(Object.values(staticPaths))) {
    const root = join(place.home, directory);
    await requireInside(place, root, directory);
    await checkFolder(place, root, directory, { left: entriesMax }, true);
  }
}

async function checkFolder(
  place: Place,
  folder: string,
  shown: string,
  budget: { left: number },
  isRoot: boolean,
): Promise<void> {
  const entries = await opendir(folder).catch((error: unknown) => {
    if (isNodeError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (entries === undefined) return;
  for await (const entry of entries) {
    budget.left -= 1;
    if (budget.left < 0) {
      throw new AppError("INVALID_SOURCE", `The static directory holds more than ${entriesMax} files.`);
    }
    const hidden = entry.name.startsWith(".") && !(isRoot && entry.name === ".well-known");
    if (hidden) continue;
    const path = join(folder, entry.name);
    const name = join(shown, entry.name);
    if (entry.isSymbolicLink()) await requireInside(place, path, name);
    else if (entry.isDirectory()) await checkFolder(place, path, name, budget, false);
  }
}

async function requireInside(place: Place, path: string, shown: string): Promise<void> {
  if (await staysInside(place, path)) return;
  throw new AppError("INVALID_SOURCE", `${quote(shown)} is to be served, but leads out of the app.`, {
    hint: "Put a copy in its place, or serve it by the app itself.",
  });
}

/**
 * Walks a path link by link. Not only its end counts: a step through a folder that the app can still write to could be
 * turned elsewhere later. Only the folders above the tree may be passed, on the way down to it.
 */
async function staysInside({ home, tree }: Place, path: string): Promise<boolean> {
  const above = (at: string) => at === sep || home.startsWith(at + sep);
  const inside = (at: string) => at === home || at.startsWith(home + sep);
  let at: string = sep;
  let todo = path.split(sep);
  for (let links = 0; todo.length > 0;) {
    const part = todo.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at = dirname(at);
      continue;
    }
    const next = join(at, part);
    if (!inside(next) && !above(next)) return false;
    const stat = await lstat(next).catch((error: unknown) => {
      if (isNodeError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw error;
    });
    // In the sealed tree nothing can come to be where nothing is.
    if (stat === undefined) return inside(next);
    if (!stat.isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > linksMax) return false;
    const target = await readlink(next);
    // The tree's own path may lead to it by a link of the operator's.
    const known = target === tree || target.startsWith(tree + sep) ? home + target.slice(tree.length) : target;
    todo = [...known.split(sep), ...todo];
    if (known.startsWith(sep)) at = sep;
  }
  return inside(at);
}
