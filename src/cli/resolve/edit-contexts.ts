/**
 * `[contexts.NAME]` put into hop3.toml, or taken out of it, as lines: comments and the rest of the file stay as they are. What
 * comes out is read again and must be just that change, or nothing is written.
 */
import { readFileSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { AppError, isNodeError } from "#core/errors.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { withFileLock } from "#sys/file-lock.ts";
import { isTable, type Table } from "../toml-file.ts";

export type NewContext = { readonly server?: string; readonly app?: string; readonly protected?: true };

/** Makes the file when there is none. Throws CONFLICT when the context is there, INVALID_CONFIG. */
export async function addContext(file: string, name: string, context: NewContext): Promise<void> {
  await editFile(file, (text, contexts) => {
    if (Object.hasOwn(contexts, name)) {
      throw new AppError("CONFLICT", `${file} has a context ${name} already.`, {
        hint: "Change it there, or remove it first.",
      });
    }
    const lines = Object.entries(context).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
    const after = `${text}${gap}[contexts.${tomlKey(name)}]\n${lines.map((line) => `${line}\n`).join("")}`;
    return { after, contexts: { ...contexts, [name]: context } };
  });
}

/** Throws NOT_FOUND when it is not there, INVALID_CONFIG. */
export async function removeContext(file: string, name: string): Promise<void> {
  await editFile(file, (text, contexts) => {
    if (!Object.hasOwn(contexts, name)) throw new AppError("NOT_FOUND", `${file} has no context ${name}.`);
    const headers = [`[contexts.${name}]`, `[contexts.${JSON.stringify(name)}]`, `[contexts.'${name}']`];
    const lines = text.split("\n");
    const from = lines.findIndex((line) => headers.includes(line.replace(/#.*$/, "").replaceAll(/\s/g, "")));
    const next = lines.findIndex((line, index) => index > from && /^\s*\[/.test(line));
    const rest = from === -1 ? lines : [...lines.slice(0, from), ...(next === -1 ? [] : lines.slice(next))];
    const left = Object.fromEntries(Object.entries(contexts).filter(([one]) => one !== name));
    return { after: `${rest.join("\n").trimEnd()}\n`, contexts: left };
  });
}

type Edit = (text: string, contexts: Table) => { readonly after: string; readonly contexts: Table };

async function editFile(file: string, edit: Edit): Promise<void> {
  const { parse } = await import("smol-toml");
  await withFileLock(file, () => {
    const { text, mode } = read(file);
    const before = parsed(file, text, parse);
    const { contexts: found = {} } = before;
    if (!isTable(found)) throw new AppError("INVALID_CONFIG", `${file}: \`contexts\` is no table.`);
    const { after, contexts } = edit(text, found);
    const expected = withContexts(before, contexts);
    if (!isDeepStrictEqual(plain(tryParse(after, parse)), plain(expected))) {
      throw new AppError("INVALID_CONFIG", `${file} writes its contexts in a way that cannot be changed from here.`, {
        hint: "Change them by hand: a table `[contexts.NAME]` each.",
      });
    }
    writeFileAtomic(file, after, mode);
  });
}

function read(file: string): { text: string; mode: number } {
  try {
    return { text: readFileSync(file, "utf8"), mode: statSync(file).mode & 0o777 };
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return { text: "", mode: 0o644 };
    throw error;
  }
}

function parsed(file: string, text: string, parse: (text: string) => Table): Table {
  const table = tryParse(text, parse);
  if (table === undefined) throw new AppError("INVALID_CONFIG", `${file} is not valid TOML.`);
  return table;
}

function tryParse(text: string, parse: (text: string) => Table): Table | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function withContexts(table: Table, contexts: Table): Table {
  const { contexts: _, ...rest } = table;
  return Object.keys(contexts).length === 0 ? rest : { ...rest, contexts };
}

/** Without the parser's own prototypes. */
function plain(table: Table | undefined): unknown {
  return table === undefined ? undefined : JSON.parse(JSON.stringify(table));
}

function tomlKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}
