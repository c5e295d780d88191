/** Reads the files that the house rules speak of. */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

const patterns = ["{src,cmd,scripts,test,bench}/**/*.{ts,js}"];

/** Paths relative to root, with slashes, to texts; the fixture apps are not ours to judge. */
export async function readHouse(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const path of glob(patterns, { cwd: root })) {
    if (/(^test\/fixtures|\/fixture|\/node_modules)\//.test(path)) continue;
    files.set(path, await readFile(join(root, path), "utf8"));
  }
  return files;
}
