/** Static sites: files that the edge serves, no process. */
import { AppError } from "#core/errors.ts";
import { type Builder, pluginApiVersion, type Plugin, type SourceFiles } from "#core/plugin.ts";
import type { BuildStep } from "#core/records.ts";
import { shellStep } from "#core/shell-step.ts";

/** Where a site is looked for, in this order. */
const places = [".", "public", "dist", "build", "_site", "site", "www", "html"];

/** What the app tells Hop3 is not for its visitors: a site may be served from its root, and ENV holds secrets. */
const hideStep: BuildStep = {
  name: "hide",
  argv: ["/bin/rm", "-f", ...["ENV", "Procfile", "hop3.toml"].flatMap((name) => [name, `hop3/${name}`])],
  cwd: ".",
  timeout: 60,
};

const builder: Builder = {
  name: "static",
  obeys: [],
  detect(files, spec) {
    const declared = Object.keys(spec.staticPaths).length > 0;
    if (declared && Object.keys(spec.processes).length === 0)
      return { score: 50, reason: "static directories are named" };
    const place = sitePlace(files);
    return place === undefined
      ? { score: 0, reason: "there is no index.html" }
      : { score: 20, reason: `${inPlace(place)}index.html` };
  },
  plan({ files, spec }) {
    const place = sitePlace(files);
    const declared = Object.keys(spec.staticPaths).length > 0;
    if (!declared && place === undefined) {
      throw new AppError("NOT_DETECTED", "There is no index.html, and no static directory is named.", {
        hint: "Name it in a Procfile (`static: DIRECTORY`) or in `[static]` of hop3.toml.",
      });
    }
    // A directory that a build command makes is not there yet, which is why only one without a build is looked for.
    const missing =
      spec.build.build.length + spec.build.before.length + spec.build.after.length > 0
        ? undefined
        : missingDirectory(files, spec.staticPaths);
    if (missing !== undefined) throw new AppError("NOT_DETECTED", `The static directory ${missing} is not there.`);
    return {
      summary: declared ? "static files" : `static files (${inPlace(place ?? ".")}index.html)`,
      runtimes: [],
      steps: [...spec.build.build.map((line) => shellStep("build", line)), hideStep],
      env: {},
      buildEnv: {},
      path: [],
      processes: {},
      // What the user named is added by the pipeline, and wins.
      staticPaths: declared || place === undefined ? {} : { "/": place },
    };
  },
  provision: () => Promise.resolve({ runtimes: {} }),
};

function sitePlace(files: SourceFiles): string | undefined {
  return places.find((place) => files.exists(`${inPlace(place)}index.html`));
}

function missingDirectory(files: SourceFiles, paths: Readonly<Record<string, string>>): string | undefined {
  return Object.values(paths).find((path) => path !== "." && files.list(path).length === 0);
}

function inPlace(place: string): string {
  return place === "." ? "" : `${place}/`;
}

/** Named `staticSite` because `static` is a reserved word. */
export const staticSite = { name: "static", api: pluginApiVersion, builders: [builder] as const } satisfies Plugin;
