/**
 * `npm pack` runs this first: dist/ gets the hop3 client as plain JavaScript with all it needs inside, because Node
 * refuses to strip types below node_modules. dist/hop3.js is the launcher, dist/main.js the bundle. `--entry FILE` and
 * `--out DIR` are for tests.
 */
import { copyFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";
import { paths } from "./setup/paths.js";

const { values } = parseArgs({
  options: { entry: { type: "string", default: "cmd/hop3.ts" }, out: { type: "string", default: "dist" } },
});
const out = resolve(paths.root, values.out);

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: paths.root,
  input: { main: resolve(paths.root, values.entry) },
  platform: "node",
  external: [/^node:/, ...builtinModules],
  // An import that stays one would be missing where the package is installed.
  onLog: (level, log, handle) => handle(log.code === "UNRESOLVED_IMPORT" ? "error" : level, log),
});
await bundle.write({
  dir: out,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  minify: false,
});
await bundle.close();
copyFileSync(join(paths.root, "scripts/launcher.js"), join(out, "hop3.js"));
