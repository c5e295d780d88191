/**
 * Which app is meant: --app, HOP3_APP, `.hop3-app` (here or above), hop3.toml `[cli] app`, the context's, hop3.toml
 * `[metadata] id`, a git remote, and at last the server's default app; a deploy takes the directory's own name instead of
 * that, for it would put this directory's code in place of another app.
 */
import { basename } from "node:path";
import { AppError } from "#core/errors.ts";
import { isAppName, parseAppName, quote } from "#core/names.ts";
import type { Remote } from "./git-remotes.ts";
import { stickyApp, type Project } from "./project.ts";
import type { Surroundings } from "./surroundings.ts";
import { firstOf, type Found, type Traced } from "./trace.ts";

export type AppQuestion = {
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where to look from. */
  readonly directory: string;
  readonly around: Surroundings;
  /** The current one, which is asked for only where it matters. */
  readonly context: () => Promise<string | undefined>;
  /** Of the server, with where that stands; it may not be known which one that is. */
  readonly defaultApp: () => Promise<Found<string> | string>;
  /** A deploy. */
  readonly orDirectory: boolean;
  /** Refuse an app from the environment, or from above the project, that the project's hop3.toml contradicts. */
  readonly guard: boolean;
};

/** Throws INVALID_APP_NAME, CONFLICT (the guard). */
export async function whichApp(question: AppQuestion): Promise<Traced<string>> {
  const { flag, env, directory, around, defaultApp, orDirectory } = question;
  if (flag !== undefined)
    return firstOf([{ where: "--app", look: () => ({ value: parseAppName(flag), source: "--app" }) }], shown);
  const project = await around.project();
  const context = await question.context();
  const named = (name: string | undefined, source: string, none: string): Found<string> | string =>
    name === undefined ? none : { value: name, source };
  const file = project?.file ?? "hop3.toml";
  const noFile = "not here or above";
  const own = context === undefined ? undefined : project?.contexts.get(context)?.app;
  return firstOf<string>(
    [
      { where: "--app", look: () => "not given" },
      {
        where: "HOP3_APP",
        look: () =>
          env["HOP3_APP"]
            ? guarded(question.guard, project, own, parseAppName(env["HOP3_APP"]), "HOP3_APP")
            : "not set",
      },
      {
        where: ".hop3-app",
        look: () => {
          const sticky = stickyApp(directory);
          if (sticky === undefined) return `not in ${directory} or above`;
          const isAbove = project !== undefined && sticky.directory.length < project.directory.length;
          if (isAbove) return guarded(question.guard, project, own, sticky.name, sticky.path);
          return { value: sticky.name, source: sticky.path };
        },
      },
      {
        where: `${file} [cli] app`,
        look: () => named(project?.cliApp, `${file} [cli] app`, project === undefined ? noFile : "not set"),
      },
      {
        where: `${file} [contexts.${context ?? "NAME"}] app`,
        look: () =>
          named(own, `${file} [contexts.${context ?? ""}] app`, context === undefined ? "no context" : "not set"),
      },
      {
        where: `${file} [metadata] id`,
        look: () => named(project?.id, `${file} [metadata] id`, project === undefined ? noFile : "not set"),
      },
      { where: "git remote", look: () => byRemote(around.remotes(), context) },
      orDirectory
        ? {
            where: "the directory's name",
            look: () =>
              named(
                nameOfDirectory(directory),
                "the directory's name",
                `${quote(basename(directory))} makes no valid name`,
              ),
          }
        : { where: "the server's default app", look: defaultApp },
    ],
    shown,
  );
}

const shown = (name: string): string => name;

/** What to say when no place named one, with the places. */
export function noApp({ looks }: Traced<string>, directory: string): AppError {
  const own = nameOfDirectory(directory);
  return new AppError("NO_APP", "It is not clear which app is meant.", {
    ...(own === undefined
      ? {}
      : { hint: `Name the app with \`--app\`. To keep it for this directory: \`hop3 use ${own}\`.` }),
    details: looks.map(({ where, said }) => `${where}: ${said}`),
  });
}

/** A directory's name as an app name: lower case, what does not fit becomes a hyphen; undefined when nothing is left. */
export function nameOfDirectory(directory: string): string | undefined {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return isAppName(name) ? name : undefined;
}

/** Throws CONFLICT when what is said elsewhere is not what the project says of itself. */
function guarded(
  guard: boolean,
  project: Project | undefined,
  own: string | undefined,
  name: string,
  source: string,
): Found<string> {
  const says = [project?.cliApp, own, project?.id].filter((one) => one !== undefined);
  if (guard && project !== undefined && says.length > 0 && !says.includes(name)) {
    throw new AppError(
      "CONFLICT",
      `${source} names ${quote(name)}, but ${project.file} names ${quote(project.id ?? says[0] ?? "")}.`,
      {
        hint: `Say which one with --app, or repeat with --force.`,
      },
    );
  }
  return { value: name, source };
}

function byRemote(remotes: readonly Remote[], context: string | undefined): Found<string> | string {
  const asked = remotes.filter((remote) => context === undefined || remote.context === context);
  const [first, ...others] = asked;
  if (first === undefined) return "none";
  if (others.some(({ app }) => app !== first.app))
    return `several: ${asked.map(({ remote, app }) => `${remote} (${app})`).join(", ")}`;
  return { value: first.app, source: `git remote ${first.remote}` };
}
