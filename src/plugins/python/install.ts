/** How a Python app's dependencies are installed: by its lock file, else by what it declares. */
import { AppError } from "#core/errors.ts";
import type { SourceFiles } from "#core/plugin.ts";
import type { BuildStep } from "#core/records.ts";
import { stepTimeout } from "#core/shell-step.ts";
import { readPyproject } from "./pyproject.ts";

/** Serves WSGI and ASGI on a unix socket. */
const granian = "granian==2.8.7";
const poetryPin = "poetry==2.5.1";
const poetryExport = "poetry-plugin-export==1.10.1";

export type Install = {
  /** For the summary: `requirements.txt`. */
  readonly from: string;
  readonly steps: readonly BuildStep[];
  /** Granian is the one that we chose. */
  readonly ownGranian: boolean;
};

/** `serves`: Granian is needed, unless the app brings its own. Throws INVALID_SOURCE, NOT_BUILT_YET, LOCK_MISMATCH. */
export function installSteps(files: SourceFiles, uv: string, extra: readonly string[], serves: boolean): Install {
  const step = (name: string, args: readonly string[]): BuildStep => ({
    name,
    argv: [uv, ...args],
    cwd: ".",
    timeout: stepTimeout,
  });
  const pip = (name: string, args: readonly string[]) => step(name, ["pip", "install", ...args]);
  const venv = step("uv venv", ["venv", "--python", "{runtime:python}", "{tree}/.venv"]);
  const project = readPyproject(files);
  const ownGranian = serves && !bringsGranian(files);
  const added = [...extra, ...(ownGranian ? [granian] : [])];
  /** Beside what a lock file fixed, and after it. */
  const beside = added.length === 0 ? [] : [pip("uv pip install (beside the app's own)", ["--", ...added])];

  if (files.exists("uv.lock")) {
    const sync = step("uv sync", ["sync", "--locked", "--no-editable", "--no-dev", "--no-progress"]);
    return {
      from: "uv.lock",
      ownGranian,
      steps: [venv, { ...sync, failure: "LOCK_MISMATCH", failureText: "--locked" }, ...beside],
    };
  }
  if (files.exists("poetry.lock")) {
    // Poetry reads and judges its lock file; uv installs, in a tenth of the time.
    const requirements = "{tree}/.venv/poetry-requirements.txt";
    const poetry = [
      "tool",
      "run",
      "--python",
      "{runtime:python}",
      "--from",
      poetryPin,
      "--with",
      poetryExport,
      "poetry",
    ];
    const args = ["export", "--only", "main", "--format", "requirements.txt", "--output", requirements];
    const exported = step("poetry export", [...poetry, ...args, "--no-interaction", "--no-ansi"]);
    return {
      from: "poetry.lock",
      ownGranian,
      steps: [
        venv,
        { ...exported, failure: "LOCK_MISMATCH", failureText: "poetry.lock was last generated" },
        pip("uv pip install (poetry.lock)", ["-r", requirements]),
        ...(project?.installs === true ? [pip("uv pip install .", ["--no-deps", "."])] : []),
        ...beside,
      ],
    };
  }
  if (files.exists("requirements.txt")) {
    // Together, so that one resolution decides, unless hashes are given: then every requirement needs one.
    const hashed = requirementTexts(files, "requirements.txt").some((text) =>
      /--(?:require-hashes|hash[= ])/.test(text),
    );
    const requirements = ["-r", "requirements.txt"];
    const steps = hashed
      ? [pip("uv pip install -r requirements.txt", [...requirements, "--require-hashes"]), ...beside]
      : [pip("uv pip install -r requirements.txt", [...requirements, ...(added.length === 0 ? [] : ["--", ...added])])];
    return { from: "requirements.txt", ownGranian, steps: [venv, ...steps] };
  }
  if (project?.poetry === true && !project.project) {
    throw new AppError("LOCK_MISMATCH", "The app uses Poetry but has no poetry.lock.", {
      hint: "Run `poetry lock` and commit poetry.lock.",
    });
  }
  const packaged = project?.buildSystem === true || (project === undefined && files.exists("setup.py"));
  if (packaged) {
    const from = project === undefined ? "setup.py" : "pyproject.toml";
    return {
      from,
      ownGranian,
      steps: [venv, pip("uv pip install .", [".", ...(added.length === 0 ? [] : ["--", ...added])])],
    };
  }
  if (project?.project === true) {
    const args = ["-r", "pyproject.toml", ...(added.length === 0 ? [] : ["--", ...added])];
    return { from: "pyproject.toml", ownGranian, steps: [venv, pip("uv pip install -r pyproject.toml", args)] };
  }
  if (files.exists("Pipfile")) {
    throw new AppError("NOT_BUILT_YET", "The app has a Pipfile, and pipenv is not built yet.", {
      hint: "Write requirements.txt with `pipenv requirements > requirements.txt`.",
    });
  }
  return { from: "no dependencies", ownGranian, steps: [venv, ...beside] };
}

function bringsGranian(files: SourceFiles): boolean {
  if (files.exists("uv.lock")) return /^name = "granian"$/m.test(files.read("uv.lock") ?? "");
  if (files.exists("poetry.lock")) return /^name = "granian"$/m.test(files.read("poetry.lock") ?? "");
  if (files.exists("requirements.txt"))
    return requirementTexts(files, "requirements.txt").some((text) => /^[ \t]*granian\b/im.test(text));
  return /["']granian\b/i.test(files.read("pyproject.toml") ?? "");
}

/** The text of a requirements file and of those that it includes with `-r`, each once. */
function requirementTexts(files: SourceFiles, path: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(path) || seen.size > 50) return [];
  seen.add(path);
  const text = files.read(path);
  if (text === undefined) return [];
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  const included = [...text.matchAll(/^[ \t]*(?:-r|--requirement)[ =]+(\S+)/gm)].map(
    (match) => `${folder}${match[1] ?? ""}`,
  );
  return [text, ...included.flatMap((file) => requirementTexts(files, file, seen))];
}
