/** How a Python app is built and run, as data. */
import type { AppSpec } from "#core/app-spec.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { BuildPlan, PlanInput, SourceFiles } from "#core/plugin.ts";
import { shellStep, stepTimeout } from "#core/shell-step.ts";
import { type Callable, findCallable } from "./callable.ts";
import { type Django, findDjango } from "./django.ts";
import { installSteps } from "./install.ts";
import { readPyproject } from "./pyproject.ts";
import { aloneStep } from "./serve-alone.ts";
import { serveCommand } from "./serve-command.ts";

/** Throws INVALID_SOURCE, NOT_DETECTED, NOT_BUILT_YET, LOCK_MISMATCH. */
export function pythonPlan({ files, spec, tools }: PlanInput): BuildPlan {
  const django = findDjango(files);
  const callable = servedCallable(files, spec, django);
  const install = installSteps(files, tools.uv, spec.build.pipInstall, callable !== undefined);
  const range = pythonRange(files);
  const root = django?.callable.root ?? callable?.root ?? (files.list("src").length > 0 ? "src" : ".");
  const what =
    callable === undefined
      ? ""
      : `, ${callable.target} by Granian (${callable.interface === "wsgi" ? "WSGI" : "ASGI"})`;
  return {
    summary: `Python ${range === "*" ? "(this server's)" : range} with uv (${install.from})${what}`,
    runtimes: [{ name: "python", range }],
    steps: [...install.steps, ...(install.ownGranian ? [aloneStep] : []), ...ownSteps(spec, django)],
    env: {
      VIRTUAL_ENV: "{tree}/.venv",
      PYTHONUNBUFFERED: "1",
      // The tree is read-only once it is built.
      PYTHONDONTWRITEBYTECODE: "1",
      ...(root === "." ? {} : { PYTHONPATH: `{tree}/${root}` }),
      ...(django === undefined || spec.env.some(({ name }) => name === "DJANGO_SETTINGS_MODULE")
        ? {}
        : { DJANGO_SETTINGS_MODULE: django.settings }),
    },
    buildEnv: {
      UV_CACHE_DIR: "{cache}/uv",
      UV_PROJECT_ENVIRONMENT: "{tree}/.venv",
      UV_PYTHON: "{tree}/.venv/bin/python",
      UV_PYTHON_DOWNLOADS: "never",
      UV_NO_PROGRESS: "1",
      UV_COMPILE_BYTECODE: "1",
      // A tree that is written once must not share files with a cache that changes.
      UV_LINK_MODE: "copy",
      POETRY_CACHE_DIR: "{cache}/poetry",
      POETRY_VIRTUALENVS_IN_PROJECT: "true",
      SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt",
    },
    path: ["{tree}/.venv/bin"],
    processes: callable === undefined ? {} : { web: serveCommand(callable, install.ownGranian) },
    staticPaths: collects(spec, django) ? (django?.staticPaths ?? {}) : {},
  };
}

/** What serves the web, unless the user's own `web` does. Throws NOT_DETECTED when nothing would run at all. */
function servedCallable(files: SourceFiles, spec: AppSpec, django: Django | undefined): Callable | undefined {
  if (spec.processes["web"] !== undefined) return undefined;
  if (spec.serve !== undefined) {
    const root = files.list("src").length > 0 ? "src" : ".";
    return { ...spec.serve, factory: false, root, file: "Procfile" };
  }
  const found = django?.callable ?? findCallable(files);
  if (found === undefined && Object.keys(spec.processes).length === 0 && spec.cron === undefined) {
    throw new AppError("NOT_DETECTED", "No WSGI or ASGI callable was found in the app.", {
      hint: "Name it in a Procfile, for example `wsgi: package.module:app`, or give the command as `web: ...`.",
    });
  }
  return found;
}

/** The user's own build replaces `collectstatic`. */
function ownSteps(spec: AppSpec, django: Django | undefined) {
  if (spec.build.build.length > 0) return spec.build.build.map((line) => shellStep("build", line));
  if (django === undefined || !collects(spec, django)) return [];
  const manage = `${django.callable.root === "." ? "" : `${django.callable.root}/`}manage.py`;
  return [
    {
      name: "collectstatic",
      argv: ["{tree}/.venv/bin/python", manage, "collectstatic", "--noinput"],
      cwd: ".",
      timeout: stepTimeout,
    },
  ];
}

function collects(spec: AppSpec, django: Django | undefined): boolean {
  const disabled = spec.env.some(
    (entry) =>
      entry.name === "DISABLE_COLLECTSTATIC" && entry.kind === "value" && !["", "0", "false"].includes(entry.value),
  );
  return django?.collects === true && !disabled && spec.build.build.length === 0;
}

/**
 * The versions that the app asks for, `*` when it asks for none. `.python-version` and `runtime.txt` say which minor
 * version: a host has one patch release of each, and it will do. Throws INVALID_SOURCE for what is no version.
 */
function pythonRange(files: SourceFiles): string {
  for (const [file, prefix] of [
    [".python-version", ""],
    ["runtime.txt", "python-"],
  ] as const) {
    const line = files
      .read(file)
      ?.split("\n")
      .map((text) => text.trim())
      .find((text) => text !== "" && !text.startsWith("#"));
    if (line === undefined) continue;
    const match = /^(?:cpython-|python-)?(\d+)(?:\.(\d+))?(?:\.\d+)?$/.exec(line);
    if (match === null || !line.startsWith(prefix))
      throw new AppError("INVALID_SOURCE", `${file} ${quote(line)} is not a version of Python.`);
    return match[2] === undefined ? `==${match[1]}.*` : `==${match[1]}.${match[2]}.*`;
  }
  const range = readPyproject(files)?.requiresPython?.replaceAll(/\s/g, "");
  if (range === undefined || range === "") return "*";
  if (!/^(?:(?:===?|~=|!=|<=?|>=?)\d+(?:\.\d+)*(?:\.\*)?,?)+$/.test(range)) {
    throw new AppError(
      "INVALID_SOURCE",
      `\`requires-python\` ${quote(range)} in pyproject.toml is not a range of versions.`,
    );
  }
  return range;
}
