/** Django without a Procfile: the settings module that manage.py names tells the rest. Text is read, nothing imported. */
import type { SourceFiles } from "#core/plugin.ts";
import { innerPath, urlPrefix } from "#core/app-config/paths.ts";
import type { Callable } from "./callable.ts";

export type Django = {
  readonly settings: string;
  readonly callable: Callable;
  /** `collectstatic` has somewhere to write. */
  readonly collects: boolean;
  /** What it writes, where settings say both in plain words. */
  readonly staticPaths: Readonly<Record<string, string>>;
};

/** Undefined when there is no manage.py, or it names no settings. */
export function findDjango(files: SourceFiles): Django | undefined {
  for (const root of [".", "src"]) {
    const manage = files.read(root === "." ? "manage.py" : `${root}/manage.py`);
    const settings = /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([A-Za-z_][\w.]*)["']/.exec(manage ?? "")?.[1];
    if (settings === undefined) continue;
    const at = (module: string) => `${root === "." ? "" : `${root}/`}${module.replaceAll(".", "/")}`;
    const text = files.read(`${at(settings)}.py`) ?? "";
    const project = settings.split(".")[0] ?? settings;
    const wantsAsgi = /^ASGI_APPLICATION\s*=/m.test(text) && /["'](?:channels|daphne)["']/.test(text);
    const kinds = wantsAsgi ? (["asgi", "wsgi"] as const) : (["wsgi", "asgi"] as const);
    const kind = kinds.find((name) => files.exists(`${at(project)}/${name}.py`));
    if (kind === undefined) continue;
    return {
      settings,
      callable: {
        interface: kind === "asgi" ? "asginl" : "wsgi",
        target: `${project}.${kind}:application`,
        factory: false,
        root,
        file: `${at(project)}/${kind}.py`,
      },
      collects: /^STATIC_ROOT\s*=/m.test(text),
      staticPaths: staticPaths(text, root),
    };
  }
  return undefined;
}

/** `STATIC_ROOT = BASE_DIR / "x"` (or os.path.join) with a plain STATIC_URL; anything else is left to the app. */
function staticPaths(text: string, root: string): Readonly<Record<string, string>> {
  const url = /^STATIC_URL\s*=\s*["']([^"']+)["']/m.exec(text)?.[1];
  const directory =
    /^STATIC_ROOT\s*=\s*(?:str\()?BASE_DIR\s*\/\s*["']([^"']+)["']/m.exec(text)?.[1] ??
    /^STATIC_ROOT\s*=\s*os\.path\.join\(\s*BASE_DIR\s*,\s*["']([^"']+)["']\s*\)/m.exec(text)?.[1];
  if (url === undefined || directory === undefined) return {};
  const prefix = urlPrefix(url.startsWith("/") ? url : `/${url}`);
  const inner = innerPath(directory);
  if (prefix === undefined || prefix === "/" || inner === undefined || inner === ".") return {};
  return { [prefix]: root === "." ? inner : `${root}/${inner}` };
}
