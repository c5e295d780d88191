/** Finds the test files, so that fixture apps' own tests are not among them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const roots = ["src", "cmd", "scripts", "test", "bench"];
const skipped = new Set(["node_modules", "fixtures", "fixture"]);

/**
 * @param {string} root
 * @returns {string[]} paths relative to root, sorted
 */
export function testFiles(root) {
  return roots.flatMap((dir) => below(root, dir)).sort();
}

/**
 * @param {string} root
 * @param {string} dir
 * @returns {string[]}
 */
function below(root, dir) {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : below(root, path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}
