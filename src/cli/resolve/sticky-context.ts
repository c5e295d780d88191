/**
 * The context that `hop3 context use` has chosen: `.hop3-local.toml`, in the project or, for all below, in the home
 * directory. It is one person's, so it is kept out of git.
 */
import { appendFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "#core/names.ts";
import { badFile, changeTomlFile, readTomlFile, tableAt, textAt } from "../toml-file.ts";
import { readIfThere } from "./find-up.ts";
import { contextName } from "./project.ts";

export const stickyFileName = ".hop3-local.toml";

export type Sticky = { readonly context: string; readonly file: string; readonly isOfHome: boolean };

/** From `directory` up to the home directory; above it nothing is looked for. Throws INVALID_CONFIG. */
export async function readSticky(directory: string, home: string): Promise<Sticky | undefined> {
  for (const at of directoriesUp(directory, home)) {
    const file = join(at, stickyFileName);
    const table = await readTomlFile(file);
    const context =
      table === undefined ? undefined : textAt(file, tableAt(file, table, "current"), "context", "context");
    if (context === undefined) continue;
    if (!contextName.test(context)) throw badFile(file, `${file}: ${quote(context)} is not a valid name of a context`);
    return { context, file, isOfHome: at === home };
  }
  return undefined;
}

/** Undefined forgets it. In a repository, the file is put into the directory's .gitignore. */
export async function writeSticky(directory: string, context: string | undefined): Promise<string> {
  const file = join(directory, stickyFileName);
  await changeTomlFile(file, (table) => {
    const { context: _, ...rest } = tableAt(file, table, "current");
    return { ...table, current: context === undefined ? rest : { ...rest, context } };
  });
  if (isInRepository(directory)) ignore(directory);
  return file;
}

/** Where the home directory is not above, `directory` alone: what lies in /tmp may be anybody's. */
function directoriesUp(directory: string, home: string): string[] {
  if (directory !== home && !directory.startsWith(`${home}/`)) return [directory];
  const found: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    found.push(at);
    if (at === home || at === dirname(at)) return found;
  }
}

function isInRepository(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}

function ignore(directory: string): void {
  const file = join(directory, ".gitignore");
  const text = readIfThere(file) ?? "";
  if (text.split(/\r?\n/).some((line) => line.trim().replace(/^\//, "") === stickyFileName)) return;
  appendFileSync(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${stickyFileName}\n`);
}
