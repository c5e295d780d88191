/** What serves a Node app: its `start` script, its main file, or what its build made. */
import { innerPath } from "#core/app-config/paths.ts";
import type { SourceFiles } from "#core/plugin.ts";
import type { ShellCommand } from "#core/records.ts";
import type { PackageJson } from "./package-json.ts";

const mains = [
  "server.js",
  "server.mjs",
  "server.cjs",
  "index.js",
  "index.mjs",
  "index.cjs",
  "app.js",
  "app.mjs",
  "app.cjs",
  "server.ts",
];

/** Where the usual site builders put what they made. */
const outputs: readonly (readonly [dependency: string, directory: string])[] = [
  ["react-scripts", "build"],
  ["gatsby", "public"],
  ["@11ty/eleventy", "_site"],
  ["@docusaurus/core", "build"],
  ["vitepress", ".vitepress/dist"],
  ["astro", "dist"],
  ["vite", "dist"],
  ["parcel", "dist"],
  ["@vue/cli-service", "dist"],
];

/**
 * The command, or undefined when the app names none. The `start` script is run as it stands, without npm around it: npm
 * would stay in memory beside the app, and pass signals on late.
 */
export function webCommand(files: SourceFiles, app: PackageJson): ShellCommand | undefined {
  const { start, prestart } = app.scripts;
  if (start !== undefined && start.trim() !== "") return prestart === undefined ? start : `${prestart} && ${start}`;
  const main = app.main === undefined ? undefined : innerPath(app.main);
  const file = [main, ...mains].find((name) => name !== undefined && files.read(name) !== undefined);
  return file === undefined ? undefined : `exec node ${shellWord(file)}`;
}

/** The directory that the build fills with a static site, by the site builder among the dependencies. */
export function siteDirectory(app: PackageJson): string | undefined {
  return outputs.find(([dependency]) => app.dependencies.includes(dependency))?.[1];
}

/** A word that the shell takes literally. */
function shellWord(text: string): string {
  return /^[\w./@-]+$/.test(text) && !text.startsWith("-") ? text : `'./${text.replaceAll("'", String.raw`'\''`)}'`;
}
