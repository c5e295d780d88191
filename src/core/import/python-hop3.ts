/**
 * The home of the Python Hop3 (/home/hop3): apps/APP/{git,src,data,...}, an ENV file beside or in the code, venv/SCALING,
 * and hop3.db with the tables `app` and `env_var` (app_id, in early versions instance_id). What the database says counts.
 */
import { Draft } from "./draft.ts";
import { webKnob } from "./piku.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { below, readFile } from "./read-file.ts";
import { readScale } from "./scale-lines.ts";
import { readSettings } from "./settings-file.ts";
import { takeVariables } from "./take-variables.ts";

const databases = ["hop3.db", ".config/hop3/hop3.db"];

export function isPythonHop3(tree: ImportTree): boolean {
  const has = (name: string): boolean => tree.kind(name) === "folder";
  return (
    databases.some((path) => tree.kind(path) === "file") ||
    (has("apps") && (has("uwsgi-enabled") || has("uwsgi-available")))
  );
}

type Row = Readonly<Record<string, string | null>>;

export function planPythonHop3(tree: ImportTree): ImportedApp[] {
  const database = databases.find((path) => tree.kind(path) === "file");
  const rows = (table: string): readonly Row[] => (database === undefined ? [] : (tree.rows(database, table) ?? []));
  const apps = [...rows("app"), ...rows("instance")];
  const variables = rows("env_var");
  const names = [...tree.list("apps"), ...apps.flatMap(({ name }) => (typeof name === "string" ? [name] : []))];
  return [...new Set(names)].sort().map((name) => {
    const mine = apps.filter((row) => row["name"] === name).map(({ id }) => id);
    const own = variables.filter((row) => mine.includes(row["app_id"] ?? row["instance_id"] ?? null));
    return planApp(tree, name, own);
  });
}

function planApp(tree: ImportTree, name: string, variables: readonly Row[]): ImportedApp {
  const draft = new Draft(name);
  const folder = `apps/${name}`;
  const env = readFile(tree, `${folder}/ENV`, draft);
  if (env !== undefined) takeVariables(draft, "ENV", readSettings(env), webKnob);
  const found = variables.flatMap(({ name: key, value }) =>
    typeof key === "string" && typeof value === "string" ? [{ name: key, value, line: 0 }] : [],
  );
  takeVariables(draft, "hop3.db", { found, notes: [] }, webKnob);
  const scale = readFile(tree, `${folder}/venv/SCALING`, draft);
  if (scale !== undefined) readScale(draft, scale);
  if (tree.list(`${folder}/data`).length > 0) {
    draft.leave("data", "files of the app; copy them into its own data directory after the first deploy");
  }
  if (tree.list(`${folder}/volumes`).length > 0) draft.leave("volumes", "copy their files after the first deploy");
  if (tree.kind(`${folder}/src`) === "folder") draft.code("directory", `${folder}/src`);
  else if (tree.kind(`${folder}/git`) === "folder") draft.code("repository", `${folder}/git`);
  return draft.done();
}

/** Of the server and of no app. */
export function serverLeft(tree: ImportTree): { what: string; why: string }[] {
  const left = (name: string, why: string) => (tree.kind(name) === undefined ? [] : [{ what: name, why }]);
  return [
    ...left(below(".", "backups"), "backups of the Python Hop3 are not read"),
    ...left("certificates", "Hop3 gets certificates by itself"),
    ...left("acme", "Hop3 gets certificates by itself"),
  ];
}
