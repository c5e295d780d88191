/** What the `context` commands know of the directory they are called in. */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { CommandContext } from "../../context.ts";
import { contextName, readProject, type Project } from "../../resolve/project.ts";

export type Here = {
  readonly project: Project | undefined;
  /** Of the project, else the current one. */
  readonly directory: string;
  /** hop3.toml, whether it is there or not. */
  readonly file: string;
};

export async function here({ terminal }: CommandContext): Promise<Here> {
  const project = await readProject(terminal.cwd);
  const directory = project?.directory ?? terminal.cwd;
  return { project, directory, file: project?.file ?? join(directory, "hop3.toml") };
}

/** The positional NAME. Throws USAGE. */
export function nameOf(context: CommandContext): string {
  const name = context.arg("name") ?? "";
  if (contextName.test(name)) return name;
  throw new AppError("USAGE", `${quote(name)} is not a valid name of a context.`, {
    hint: "Use letters, digits, dots, hyphens and underscores, 64 at most.",
  });
}
