/**
 * A piku home (~/.piku, or the home that holds it): apps/APP is the code, envs/APP has ENV (what was set), SCALING, and
 * LIVE_ENV (what is made of both, and so not read); repos/APP is the bare repository.
 */
import { Draft } from "./draft.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { below, readFile } from "./read-file.ts";
import { readScale } from "./scale-lines.ts";
import { readSettings } from "./settings-file.ts";
import { takeVariables, type Knob } from "./take-variables.ts";

/** Where in the tree it is: `.`, `.piku`; undefined for no piku home. */
export function pikuRoot(tree: ImportTree): string | undefined {
  return [".", ".piku"].find((root) =>
    ["apps", "envs", "repos"].every((name) => tree.kind(below(root, name)) === "folder"),
  );
}

export function planPiku(tree: ImportTree, root: string): ImportedApp[] {
  const names = ["apps", "envs"].flatMap((folder) => tree.list(below(root, folder)));
  return [...new Set(names)].sort().map((name) => planApp(tree, root, name));
}

function planApp(tree: ImportTree, root: string, name: string): ImportedApp {
  const draft = new Draft(name);
  const envs = below(root, `envs/${name}`);
  const env = readFile(tree, `${envs}/ENV`, draft);
  if (env !== undefined) takeVariables(draft, "ENV", readSettings(env), webKnob);
  const scale = readFile(tree, `${envs}/SCALING`, draft);
  if (scale !== undefined) readScale(draft, scale);
  const code = below(root, `apps/${name}`);
  if (tree.kind(code) === "folder") draft.code("directory", code);
  else if (tree.kind(below(root, `repos/${name}`)) === "folder") draft.code("repository", below(root, `repos/${name}`));
  return draft.done();
}

/** What piku and the Python Hop3 read of an app's variables themselves. */
export const webKnob: Knob = (name, value, draft) => {
  if (name === "NGINX_SERVER_NAME" || name === "HOST_NAME") {
    for (const domain of value.split(/[\s,]+/)) draft.domain(domain);
    return "taken";
  }
  if (name === "NGINX_STATIC_PATHS") return { left: "write them as `[static]` of hop3.toml" };
  if (name.startsWith("NGINX_") || name === "DISABLE_IPV6")
    return { left: "settings of nginx mean nothing to Hop3's edge" };
  if (name.startsWith("UWSGI_")) return { left: "there is no uwsgi; processes and their counts are Hop3's" };
  if (name === "NODE_VERSION" || name === "PYTHON_VERSION") {
    return { left: "the app's own files say which version (engines of package.json, .python-version)" };
  }
  if (/^(PIKU|CRON)_|^(AUTO_RESTART|HOP3_AUTO_RESTART)$/.test(name))
    return { left: "it is a setting of the server that was" };
  if (["VIRTUAL_ENV", "PWD", "HOME", "USER", "PATH"].includes(name))
    return { left: "it names places of the old server" };
  return undefined;
};
