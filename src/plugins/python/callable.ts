/**
 * Finds the callable that serves a Python app by reading its text. The app's code is never imported: what runs here is
 * the server's own process.
 */
import type { SourceFiles } from "#core/plugin.ts";

export type Callable = {
  /** `asginl`: ASGI without the lifespan protocol. */
  readonly interface: "wsgi" | "asgi" | "asginl";
  /** `module:name`. */
  readonly target: string;
  /** The name is a function that makes the callable. */
  readonly factory: boolean;
  /** Folder, relative to the app, that must be on the import path; `.` is always. */
  readonly root: string;
  /** The file it was found in. */
  readonly file: string;
};

/** Module names in the order in which they are looked at. */
const modules = ["asgi", "wsgi", "app", "main", "application", "server", "api", "run", "index"];
const names = ["application", "app", "api", "server", "asgi", "wsgi", "asgi_app", "wsgi_app"];
const asgiClasses = new Set([
  "FastAPI",
  "Starlette",
  "Litestar",
  "Quart",
  "Robyn",
  "BlackSheep",
  "FastHTML",
  "get_asgi_application",
  "ProtocolTypeRouter",
]);
const wsgiClasses = new Set([
  "Flask",
  "Bottle",
  "default_app",
  "get_wsgi_application",
  "Falcon",
  "make_wsgi_app",
  "APIFlask",
  "OpenAPI",
]);
const factories = ["create_app", "make_app", "create_application", "make_application", "get_app", "build_app"];

/** Undefined when nothing that looks like a callable is in the usual places. */
export function findCallable(files: SourceFiles): Callable | undefined {
  const sources = candidates(files);
  for (const source of sources) {
    const found = instanceIn(source);
    if (found !== undefined) return toCallable(source, found, false);
  }
  for (const source of sources) {
    const found = factoryIn(source);
    if (found !== undefined) return toCallable(source, found, true);
  }
  return undefined;
}

type Source = {
  readonly root: string;
  readonly file: string;
  readonly module: string;
  readonly text: string;
  readonly imports: Imports;
};

/** What a module imports, read once: a hostile one asks for it in each of its lines. */
type Imports = { readonly falcon: boolean; readonly falconAsgi: boolean; readonly async: boolean };
type Found = { readonly name: string; readonly interface: Callable["interface"] };

function toCallable(source: Source, found: Found, factory: boolean): Callable {
  return {
    interface: found.interface,
    target: `${source.module}:${found.name}`,
    factory,
    root: source.root,
    file: source.file,
  };
}

/** Modules at the root and in `src/`, then inside their packages. Each at most once, at most 200 files. */
function candidates(files: SourceFiles): readonly Source[] {
  const found: Source[] = [];
  const add = (root: string, path: string, module: string) => {
    const file = root === "." ? path : `${root}/${path}`;
    const text = found.length < 200 ? files.read(file) : undefined;
    if (text !== undefined) found.push({ root, file, module, text, imports: importsOf(text) });
  };
  const roots = [".", "src"];
  for (const root of roots) for (const module of modules) add(root, `${module}.py`, module);
  for (const root of roots) {
    for (const entry of files.list(root)) {
      const folder = entry.slice(0, -1);
      if (!entry.endsWith("/") || !/^[A-Za-z_]\w*$/.test(folder) || ignored.has(folder)) continue;
      const inside = new Set(files.list(root === "." ? folder : `${root}/${folder}`));
      for (const module of modules)
        if (inside.has(`${module}.py`)) add(root, `${folder}/${module}.py`, `${folder}.${module}`);
      if (inside.has("__init__.py")) add(root, `${folder}/__init__.py`, folder);
    }
  }
  return found;
}

const ignored = new Set(["tests", "test", "docs", "examples", "scripts", "migrations", "venv", "node_modules", "src"]);

/** A callable at the top level of a module: an object made by a known class, a known name, or a function of the right form. */
function instanceIn({ text, imports }: Source): Found | undefined {
  const found: Found[] = [];
  const lifespan = /\blifespan\b/.test(text);
  for (const match of text.matchAll(
    /^([A-Za-z_]\w*)[ \t]*(?::[ \t]*[\w."[\]]+[ \t]*)?=[ \t]*([A-Za-z_][\w.]*)[ \t]*\(/gm,
  )) {
    const [, name = "", maker = ""] = match;
    const kind = kindOf(maker, imports);
    if (kind !== undefined && (names.includes(name) || classKind(maker, imports) !== undefined))
      found.push({ name, interface: kind });
  }
  for (const match of text.matchAll(/^(async[ \t]+)?def[ \t]+(\w+)[ \t]*\(([^)]{0,1000})\)/gm)) {
    const [, isAsync, name = "", parameters = ""] = match;
    if (!names.includes(name)) continue;
    const words = parameters.split(",").map((parameter) => parameter.replace(/[:=].*/s, "").trim());
    if (isAsync !== undefined && words[0] === "scope") found.push({ name, interface: lifespan ? "asgi" : "asginl" });
    else if (isAsync === undefined && words[1] === "start_response") found.push({ name, interface: "wsgi" });
  }
  // `from shop.app import app`: the module exists to name it.
  const short = text.split("\n", 16).length <= 15;
  for (const match of short
    ? text.matchAll(/^from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\w+[ \t]+as[ \t]+)?(application|app)\b/gm)
    : []) {
    found.push({ name: match[1] ?? "app", interface: guessed(imports) });
  }
  // Where a module wraps its app (`app = SomeMiddleware(app)`), the last word is the name's, so any match will do; known names first.
  return found.toSorted((a, b) => rank(a.name) - rank(b.name))[0];
}

function rank(name: string): number {
  const index = names.indexOf(name);
  return index < 0 ? names.length : index;
}

function factoryIn({ text, imports }: Source): Found | undefined {
  for (const name of factories) {
    const match = new RegExp(`^def[ \\t]+${name}[ \\t]*\\(([^)]{0,1000})\\)`, "m").exec(text);
    if (match === null) continue;
    const required = (match[1] ?? "")
      .split(",")
      .filter((parameter) => parameter.trim() !== "" && !parameter.includes("=") && !parameter.includes("*"));
    if (required.length === 0) return { name, interface: guessed(imports) };
  }
  return undefined;
}

/** What a call makes: by its class, or, for a call of the app's own (`create_app()`), by what the module imports. */
function kindOf(maker: string, imports: Imports): Callable["interface"] | undefined {
  const known = classKind(maker, imports);
  if (known !== undefined) return known;
  const last = maker.split(".").at(-1) ?? "";
  return factories.includes(last) ? guessed(imports) : undefined;
}

function classKind(maker: string, imports: Imports): Callable["interface"] | undefined {
  const last = maker.split(".").at(-1) ?? "";
  // Django's ASGI application knows no lifespan.
  if (last === "get_asgi_application" || last === "ProtocolTypeRouter") return "asginl";
  if (asgiClasses.has(last)) return "asgi";
  if (wsgiClasses.has(last)) return "wsgi";
  if (last !== "App" || !imports.falcon) return undefined;
  return maker.includes("asgi") || imports.falconAsgi ? "asgi" : "wsgi";
}

function guessed(imports: Imports): Callable["interface"] {
  return imports.async ? "asgi" : "wsgi";
}

function importsOf(text: string): Imports {
  return {
    falcon: /^[ \t]*(?:import|from)[ \t]+falcon\b/m.test(text),
    falconAsgi: /^[ \t]*(?:import|from)[ \t]+falcon\.asgi\b/m.test(text),
    async: /^[ \t]*(?:import|from)[ \t]+(?:fastapi|starlette|quart|litestar|blacksheep|robyn)\b/m.test(text),
  };
}
