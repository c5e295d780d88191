/**
 * A Heroku app by what its command line prints, each in a file of one directory:
 *   config.env    heroku config --shell          config.json   heroku config --json
 *   info.json     heroku apps:info --json        domains.json  heroku domains --json
 * and its app.json. Formats as version 10 of the heroku package prints them.
 */
import { readAppJson, isObject, parseJson, type Json } from "./app-json.ts";
import { readAssignments } from "./assignments.ts";
import { Draft } from "./draft.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { readFile } from "./read-file.ts";
import { takeVariables, type Knob } from "./take-variables.ts";

const files = ["config.env", "config.json", "info.json", "domains.json"] as const;

export function isHeroku(tree: ImportTree): boolean {
  return files.some((name) => tree.kind(name) !== undefined);
}

/** `name` is the directory's; the app's own counts where info.json says it. */
export function planHeroku(tree: ImportTree, name: string): ImportedApp {
  const info = tree.read("info.json");
  const parsed = info === undefined ? undefined : parseJson(info);
  const app = isObject(parsed) && isObject(parsed["app"]) ? parsed["app"] : {};
  const draft = new Draft(typeof app["name"] === "string" ? app["name"].slice(0, 200) : name);
  if (readFile(tree, "info.json", draft) !== undefined) {
    if (isObject(parsed)) readInfo(draft, parsed, app);
    else draft.leave("info.json", "it is not what `heroku apps:info --json` prints");
  }
  readConfig(tree, draft);
  readDomains(tree, draft);
  const manifest = readFile(tree, "app.json", draft);
  if (manifest !== undefined) readAppJson(draft, manifest);
  if (tree.kind("Procfile") === "file") draft.code("directory", ".");
  return draft.done();
}

const knob: Knob = (name) => {
  if (name.startsWith("HEROKU_")) return { left: "it is Heroku's own" };
  if (name === "BUILDPACK_URL") return { left: "Hop3 finds the builder by the files" };
  return undefined;
};

function readConfig(tree: ImportTree, draft: Draft): void {
  const shell = readFile(tree, "config.env", draft);
  if (shell !== undefined) takeVariables(draft, "config.env", readAssignments(shell, "shell"), knob);
  const text = readFile(tree, "config.json", draft);
  if (text === undefined) return;
  const config = parseJson(text);
  if (!isObject(config)) return draft.leave("config.json", "it is not what `heroku config --json` prints");
  const found = Object.entries(config).flatMap(([name, value]) =>
    typeof value === "string" ? [{ name, value, line: 0 }] : [],
  );
  takeVariables(draft, "config.json", { found, notes: [] }, knob);
}

function readInfo(draft: Draft, info: Json, app: Json): void {
  const counts = new Map<string, number>();
  for (const dyno of listOf(info["dynos"])) {
    const type = isObject(dyno) ? dyno["type"] : undefined;
    // One-off dynos and schedulers are no processes of the formation.
    if (typeof type === "string" && !["run", "scheduler", "release"].includes(type)) {
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  }
  for (const [type, count] of counts) draft.count(type, String(count));
  const plans = listOf(info["addons"]).flatMap((addon) => {
    const plan = isObject(addon) && isObject(addon["plan"]) ? addon["plan"]["name"] : undefined;
    return typeof plan === "string" && /^[\w:.-]{1,80}$/.test(plan) ? [plan] : [];
  });
  for (const plan of new Set(plans))
    draft.leave(`add-on ${plan}`, "its data stays there; the variables with its address are carried over");
  if (app["maintenance"] === true) draft.leave("maintenance mode", "`hop3 app stop` stops an app");
}

function readDomains(tree: ImportTree, draft: Draft): void {
  const text = readFile(tree, "domains.json", draft);
  if (text === undefined) return;
  const domains = parseJson(text);
  if (!Array.isArray(domains)) return draft.leave("domains.json", "it is not what `heroku domains --json` prints");
  for (const one of listOf(domains)) {
    const name = isObject(one) ? one["hostname"] : undefined;
    // The other kind is `heroku`: a name below herokuapp.com.
    if (typeof name === "string" && isObject(one) && one["kind"] === "custom") draft.domain(name);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 10_000) : [];
}
