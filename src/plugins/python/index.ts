/** Python apps: dependencies by uv, served by Granian. Knows nothing of processes or the edge. */
import { type Builder, pluginApiVersion, type Plugin } from "#core/plugin.ts";
import { findCallable } from "./callable.ts";
import { findDjango } from "./django.ts";
import { pythonPlan } from "./plan.ts";
import { provisionPython } from "./provision.ts";
import { readPyproject } from "./pyproject.ts";

/** Files that say: this is a Python app. */
const marks = ["uv.lock", "poetry.lock", "requirements.txt", "setup.py", "Pipfile", "manage.py"];

const builder: Builder = {
  name: "python",
  obeys: ["pip-install", "callable"],
  detect(files, spec) {
    if (spec.serve !== undefined)
      return { score: 95, reason: `the Procfile names its ${spec.serve.interface} callable` };
    const beside = files.exists("package.json")
      ? "; package.json is built only by a `[build] before-build` of yours"
      : "";
    const mark = marks.find((file) => files.exists(file));
    if (mark !== undefined) return { score: 90, reason: `${mark}${beside}` };
    const project = readPyproject(files);
    if (project?.project === true || project?.poetry === true) return { score: 90, reason: `pyproject.toml${beside}` };
    const found = findDjango(files)?.callable ?? findCallable(files);
    if (found !== undefined) return { score: 40, reason: `${found.file} defines ${found.target}` };
    return { score: 0, reason: "no requirements.txt, pyproject.toml, lock file or callable" };
  },
  plan: pythonPlan,
  provision: provisionPython,
};

export const python = { name: "python", api: pluginApiVersion, builders: [builder] as const } satisfies Plugin;
