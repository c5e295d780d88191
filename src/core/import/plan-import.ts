/** From a tree to the whole plan: which kind of thing it is, its apps, under names that differ. */
import { AppError } from "../errors.ts";
import { parseAppName, quote } from "../names.ts";
import { isDirectory, planDirectory } from "./directory.ts";
import { appsOf, isDokkuApp, isDokkuHome, planDokku } from "./dokku.ts";
import { appNameOf } from "./draft.ts";
import { isHeroku, planHeroku } from "./heroku.ts";
import { pikuRoot, planPiku } from "./piku.ts";
import type { ImportedApp, ImportKind, ImportPlan, ImportTree, Left } from "./plan.ts";
import { isPythonHop3, planPythonHop3, serverLeft } from "./python-hop3.ts";

export type PlanOptions = {
  /** The tree's own name: that of its directory. */
  readonly name: string;
  /** What it is, when it is not to be guessed. */
  readonly kind?: ImportKind | undefined;
  /** /var/lib/dokku/config, where there is one. */
  readonly dokkuConfig?: ImportTree | undefined;
  /** Names by what an app was called. */
  readonly rename: ReadonlyMap<string, string>;
  /** The name of the one app that is here. */
  readonly only?: string | undefined;
};

/** Most apps that one import brings. */
const appsMax = 500;

/** Throws INVALID_INPUT for what is none of the kinds, or has no app; INVALID_APP_NAME for a bad new name. */
export function planImport(tree: ImportTree, options: PlanOptions): ImportPlan {
  const kind = options.kind ?? guessKind(tree);
  if (kind === undefined) {
    throw new AppError("INVALID_INPUT", "There is nothing here that can be imported.", {
      hint: "Name a directory with a Procfile, app.json or .env, what the heroku command printed, /home/dokku, a piku home or a Python Hop3 home; --from says which.",
    });
  }
  const found = appsIn(tree, kind, options);
  if (found.length === 0) throw new AppError("INVALID_INPUT", `There is no app in this ${kind} tree.`);
  if (found.length > appsMax) {
    throw new AppError("TOO_LARGE", `There are more than ${appsMax} apps here.`, { hint: "Import them one by one." });
  }
  const left: Left[] = kind === "hop3" ? serverLeft(tree) : [];
  if (options.only !== undefined && found.length !== 1) {
    throw new AppError("USAGE", "One name is given, and there are several apps here.", {
      hint: "Use --rename OLD=NEW.",
    });
  }
  const named = found.map((app) =>
    options.only === undefined ? renamed(app, options.rename) : { ...app, name: options.only },
  );
  const unknown = [...options.rename.keys()].find((was) => !found.some((app) => app.was === was));
  if (unknown !== undefined) throw new AppError("NOT_FOUND", `There is no app ${quote(unknown)} to rename here.`);
  const apps: ImportedApp[] = [];
  const owners = new Map<string, string>();
  for (const app of named) {
    const same = apps.find(({ name }) => name === app.name);
    if (app.name === "")
      left.push({
        what: `app ${quote(app.was)}`,
        why: "nothing of its name can be a name here; --rename gives it one",
      });
    else if (same !== undefined) {
      left.push({
        what: `app ${quote(app.was)}`,
        why: `it would be called ${app.name} as ${quote(same.was)} is; --rename gives it another name`,
      });
    } else apps.push(withOwnDomains(app, owners));
  }
  return { kind, apps, left };
}

function guessKind(tree: ImportTree): ImportKind | undefined {
  if (isPythonHop3(tree)) return "hop3";
  if (pikuRoot(tree) !== undefined) return "piku";
  if (isDokkuApp(tree, ".") || isDokkuHome(tree)) return "dokku";
  if (isHeroku(tree)) return "heroku";
  return isDirectory(tree) ? "directory" : undefined;
}

function appsIn(tree: ImportTree, kind: ImportKind, { name, dokkuConfig }: PlanOptions): readonly ImportedApp[] {
  switch (kind) {
    case "directory":
      return [planDirectory(tree, name)];
    case "heroku":
      return [planHeroku(tree, name)];
    case "piku":
      return planPiku(tree, pikuRoot(tree) ?? ".");
    case "hop3":
      return planPythonHop3(tree);
    case "dokku":
      return isDokkuApp(tree, ".")
        ? [planDokku(tree, ".", name, dokkuConfig)]
        : appsOf(tree).map((app) => planDokku(tree, app, app, dokkuConfig));
  }
}

function renamed(app: ImportedApp, rename: ReadonlyMap<string, string>): ImportedApp {
  const wanted = rename.get(app.was);
  return { ...app, name: wanted === undefined ? (appNameOf(app.was) ?? "") : parseAppName(wanted) };
}

/** A domain leads to one app: the first that has it. */
function withOwnDomains(app: ImportedApp, owners: Map<string, string>): ImportedApp {
  const domains: string[] = [];
  const left = [...app.left];
  for (const domain of app.domains) {
    const owner = owners.get(domain);
    if (owner === undefined) {
      owners.set(domain, app.name);
      domains.push(domain);
    } else left.push({ what: `domain ${domain}`, why: `${owner} has it, too, and a domain leads to one app` });
  }
  return { ...app, domains, left };
}
