/** An import for a reader: what will be made, what stays behind and why, and what to do next. Names and counts, never values. */
import type { ImportPlan, ImportedApp } from "#core/import/plan.ts";
import { printable } from "#core/printable.ts";
import { facts } from "../render.ts";
import type { CarriedOut } from "./carry-out.ts";
import { isComplete, type Missing } from "./compare.ts";

export function planText(plan: ImportPlan, missing: readonly Missing[]): string {
  const apps = missing.map((one) => appText(one));
  const left = plan.left.map(({ what, why }) => `  ${printable(what)}: ${printable(why)}`);
  return [...apps, ...(left.length === 0 ? [] : [`Not brought over\n${left.join("\n")}`])].join("\n\n");
}

function appText(missing: Missing): string {
  const { app, exists, variables, domains } = missing;
  const title = app.was === app.name ? app.name : `${app.name} (was ${printable(app.was)})`;
  const state = isComplete(missing)
    ? "is there, with all of this"
    : exists
      ? "is there; what it lacks is set"
      : "will be made";
  const pairs = facts([
    ["variables", countOf(app.variables.size, variables.length, exists)],
    [
      "domains",
      app.domains.length === 0
        ? "none"
        : `${app.domains.join(", ")}${domains.length < app.domains.length ? ` (${domains.length} to add)` : ""}`,
    ],
    ["processes", scaleText(app)],
    ["code", app.code === undefined ? "not here" : `${app.code.kind} ${app.code.path}`],
  ]);
  const left = app.left.map(({ what, why }) => `    ${printable(what)}: ${printable(why)}`);
  return [
    `${title}: ${state}`,
    ...pairs.split("\n").map((line) => `  ${line}`),
    ...(left.length === 0 ? [] : ["  stays behind", ...left]),
  ].join("\n");
}

function countOf(all: number, missing: number, exists: boolean): string {
  return exists && missing < all ? `${all}, of which ${missing} are not set yet` : String(all);
}

function scaleText({ scale }: ImportedApp): string | undefined {
  return scale.size === 0 ? undefined : [...scale].map(([type, count]) => `${type}=${count}`).join(" ");
}

/** For a program; names of variables, since who reads the plan may see those. */
export function planData(plan: ImportPlan, missing: readonly Missing[]) {
  return {
    kind: plan.kind,
    apps: missing.map(({ app, exists, variables, domains }) => ({
      app: app.name,
      was: app.was,
      exists,
      variables: [...app.variables.keys()],
      domains: app.domains,
      missing: { variables, domains },
      scale: Object.fromEntries(app.scale),
      code: app.code ?? null,
      left: app.left,
    })),
    left: plan.left,
  };
}

/** What has to be typed to have an app run: its code, then its counts. */
export function nextSteps({ name, code, scale }: ImportedApp, directory: string): string[] {
  const place = code === undefined ? undefined : code.path === "." ? directory : `${directory}/${code.path}`;
  const counts = [...scale].map(([type, count]) => `${type}=${count}`).join(" ");
  return [
    ...(place === undefined ? [`hop3 deploy DIRECTORY --app ${name}`] : []),
    ...(code?.kind === "directory" ? [`hop3 deploy ${word(place ?? "")} --app ${name}`] : []),
    ...(code?.kind === "repository"
      ? [`git clone ${word(place ?? "")} ${name} && hop3 deploy ${name} --app ${name}`]
      : []),
    ...(counts === "" ? [] : [`hop3 ps scale ${counts} --app ${name}`]),
  ];
}

function word(text: string): string {
  return /^[\w./@%+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function resultText(results: readonly CarriedOut[]): string {
  return results
    .map(({ app, created, variables, domains, failed }) => {
      const did = [
        ...(created ? ["created"] : []),
        ...(variables > 0 ? [`${variables} ${variables === 1 ? "variable" : "variables"} set`] : []),
        ...(domains.length > 0 ? [`${domains.join(", ")} added`] : []),
      ];
      const lines = failed.map(({ what, code, message }) => `  failed: ${what}: ${printable(message)} (${code})`);
      return [`${app}: ${did.length === 0 ? "nothing was changed" : did.join(", ")}`, ...lines].join("\n");
    })
    .join("\n");
}
