/** A directory with an app in it, as any Heroku-like host takes it: Procfile, app.json, .env. */
import { readAssignments } from "./assignments.ts";
import { readAppJson } from "./app-json.ts";
import { Draft } from "./draft.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { readFile } from "./read-file.ts";
import { takeVariables } from "./take-variables.ts";

export function isDirectory(tree: ImportTree): boolean {
  return ["Procfile", "app.json", ".env", "hop3.toml"].some((name) => tree.kind(name) !== undefined);
}

/** `name` is the directory's own. */
export function planDirectory(tree: ImportTree, name: string): ImportedApp {
  const draft = new Draft(name);
  const env = readFile(tree, ".env", draft);
  if (env !== undefined) takeVariables(draft, ".env", readAssignments(env, "dotenv"));
  const manifest = readFile(tree, "app.json", draft);
  if (manifest !== undefined) readAppJson(draft, manifest);
  // The Procfile itself goes with the code; `hop3 deploy` reads it.
  draft.code("directory", ".");
  return draft.done();
}
