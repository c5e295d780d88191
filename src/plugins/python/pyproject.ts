/** What the builder needs of pyproject.toml, checked. */
import { parse } from "smol-toml";
import { readSource } from "#core/app-config/source-text.ts";
import { AppError } from "#core/errors.ts";
import type { SourceFiles } from "#core/plugin.ts";

export type Pyproject = {
  /** It has a `[project]` table. */
  readonly project: boolean;
  /** `[build-system]`: it can be built and installed as a package. */
  readonly buildSystem: boolean;
  /** It has `[tool.poetry]`. */
  readonly poetry: boolean;
  /** Poetry is told what to install of the app itself (`packages`), and not told to install nothing (`package-mode`). */
  readonly installs: boolean;
  /** `[project] requires-python`, else Poetry's `python`, as a range that uv takes. */
  readonly requiresPython?: string;
};

/** Undefined when there is none. Throws INVALID_SOURCE when it is a link, too large, no TOML, or a field has a wrong type. */
export function readPyproject(files: SourceFiles): Pyproject | undefined {
  const text = readSource(files, "pyproject.toml", "INVALID_SOURCE", 1024 * 1024);
  if (text === undefined) return undefined;
  let data: Record<string, unknown>;
  try {
    data = parse(text);
  } catch (cause) {
    throw new AppError("INVALID_SOURCE", "pyproject.toml is not valid TOML.", { cause });
  }
  const project = table("project", data["project"]);
  const poetry = table("tool.poetry", table("tool", data["tool"])?.["poetry"]);
  const own = project?.["requires-python"] ?? table("tool.poetry.dependencies", poetry?.["dependencies"])?.["python"];
  if (own !== undefined && (typeof own !== "string" || own.length > 256)) {
    throw new AppError("INVALID_SOURCE", "`requires-python` in pyproject.toml must be a string.");
  }
  const requires = own === undefined ? undefined : plainRange(own);
  return {
    project: project !== undefined,
    buildSystem: table("build-system", data["build-system"]) !== undefined,
    poetry: poetry !== undefined,
    installs: poetry?.["packages"] !== undefined && poetry["package-mode"] !== false,
    ...(requires === undefined ? {} : { requiresPython: requires }),
  };
}

/** Poetry's `^3.11` and `~3.11` in the form that all other tools share. */
function plainRange(range: string): string | undefined {
  if (range.trim() === "*") return undefined;
  return range.replace(
    /(\^|~(?!=))\s*(\d+)(?:\.(\d+))?(?:\.\d+)*/g,
    (all, sign: string, major: string, minor: string | undefined) => {
      const least = all.slice(1).trim();
      return sign === "^" || minor === undefined
        ? `>=${least},<${Number(major) + 1}`
        : `>=${least},<${major}.${Number(minor) + 1}`;
    },
  );
}

function table(name: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AppError("INVALID_SOURCE", `\`[${name}]\` in pyproject.toml must be a table.`);
}
