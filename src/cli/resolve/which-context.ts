/**
 * Which context is meant: --context, HOP3_CONTEXT, `.hop3-local.toml`, the only git remote `hop3-NAME`, the only context of
 * hop3.toml; none in a project that has one place to run.
 */
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Project } from "./project.ts";
import type { Surroundings } from "./surroundings.ts";
import { firstOf, type Found, type Traced } from "./trace.ts";

export type Context = {
  readonly name: string;
  /** Chosen with `hop3 context use`, and so expected by who types. */
  readonly isSticky: boolean;
};

/** Throws NOT_FOUND for a name that neither hop3.toml nor a remote knows. */
export async function whichContext(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  around: Surroundings,
): Promise<Traced<Context>> {
  const project = await around.project();
  const sticky = await around.sticky();
  const defined = [...(project?.contexts.keys() ?? [])];
  const fromRemotes = [...new Set(around.remotes().flatMap(({ context }) => context ?? []))];
  const take = (name: string, source: string, isSticky = false): Found<Context> => {
    if (defined.includes(name) || fromRemotes.includes(name)) return { value: { name, isSticky }, source };
    throw unknownContext(name, source, [...defined, ...fromRemotes], project);
  };
  const only = (names: readonly string[], where: string, none: string): Found<Context> | string => {
    const [name, ...others] = names;
    if (name === undefined) return none;
    return others.length === 0 ? { value: { name, isSticky: false }, source: where } : `several: ${names.join(", ")}`;
  };
  return firstOf<Context>(
    [
      { where: "--context", look: () => (flag === undefined ? "not given" : take(flag, "--context")) },
      {
        where: "HOP3_CONTEXT",
        look: () => (env["HOP3_CONTEXT"] ? take(env["HOP3_CONTEXT"], "HOP3_CONTEXT") : "not set"),
      },
      {
        where: ".hop3-local.toml",
        look: () => {
          if (sticky === undefined) return "not here";
          // The one of the home directory is for all projects, and some do not have this context.
          if (sticky.isOfHome && ![...defined, ...fromRemotes].includes(sticky.context))
            return `${sticky.file} says ${sticky.context}, which this project does not have`;
          return take(sticky.context, sticky.file, true);
        },
      },
      {
        where: "git remote hop3-NAME",
        look: () => only(fromRemotes, `git remote hop3-${fromRemotes[0] ?? ""}`, "none"),
      },
      {
        where: "hop3.toml [contexts]",
        look: () =>
          project === undefined ? "no hop3.toml here or above" : only(defined, `${project.file} [contexts]`, "none"),
      },
    ],
    ({ name }) => name,
  );
}

function unknownContext(
  name: string,
  source: string,
  known: readonly string[],
  project: Project | undefined,
): AppError {
  const near = didYouMean(name, known);
  const where = project === undefined ? "there is no hop3.toml here or above" : `${project.file} has none of that name`;
  return new AppError("NOT_FOUND", `There is no context ${quote(name)} (${source}): ${where}.`, {
    hint:
      near !== undefined
        ? `Did you mean ${near}?`
        : known.length > 0
          ? `There are ${known.join(", ")}.`
          : "`hop3 context add` makes one.",
  });
}
