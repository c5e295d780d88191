/** hop3.toml: TOML text to a checked object. All that is wrong is told at once, with lines and a did-you-mean. */
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import type { EnvEntry } from "../app-spec.ts";
import { AppError } from "../errors.ts";
import { quote } from "../names.ts";
import { didYouMean } from "./did-you-mean.ts";
import { readEnvSection } from "./env-section.ts";
import { healthcheckRules } from "./healthcheck.ts";
import { lineFinder } from "./lines.ts";
import { type Problem, shownMax, throwProblems } from "./problem.ts";
import { hop3Toml, type Hop3Toml } from "./schema.ts";
import { keyMeta } from "./schema-key.ts";
import type { SourceText } from "./source-text.ts";
import { volumeRules } from "./volumes.ts";

/** Largest hop3.toml, in bytes. */
export const hop3TomlMax = 256 * 1024;

export type ParsedToml = { readonly config: Hop3Toml; readonly env: readonly EnvEntry[] };

/** Throws INVALID_CONFIG with every problem, or NOT_BUILT_YET when nothing else is wrong. */
export function parseHop3Toml({ path: file, text }: SourceText): ParsedToml {
  const data = parseToml(file, text);
  const lineOf = lineFinder(text);
  const report = (path: readonly PropertyKey[], message: string, notBuilt = false): Problem => ({
    file,
    line: lineOf(path),
    message: `${path.length === 0 ? "the file" : `\`${shownPath(path)}\``} ${message}`,
    notBuilt,
  });

  const problems: Problem[] = notBuiltKeys(hop3Toml, data, []).map((path) => report(path, "is not built yet.", true));
  const parsed = hop3Toml.safeParse(data);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === "unrecognized_keys") {
      const names = Object.keys(shapeAt(hop3Toml, issue.path) ?? {});
      for (const name of issue.keys) {
        const near = problems.length < shownMax ? didYouMean(name, names) : undefined;
        problems.push(
          report(
            [...issue.path, name],
            `is not a key of hop3.toml${near === undefined ? "." : `; did you mean \`${near}\`?`}`,
          ),
        );
      }
    } else problems.push(report(issue.path, `${shownMessage(issue)}.`));
  }
  const env = readEnvSection(data["env"]);
  for (const problem of env.problems) problems.push(report(problem.path, problem.message, problem.notBuilt));
  const config = parsed.data;
  if (config !== undefined) {
    for (const rule of crossChecks(config, env.entries)) problems.push(report(rule.path, rule.message, rule.notBuilt));
  }
  throwProblems(
    problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    "INVALID_CONFIG",
  );
  if (config === undefined) throw new AppError("INTERNAL", `${file} was refused without a reason.`);
  return { config, env: env.entries };
}

function parseToml(file: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The parser's message quotes the text around the error, which may be a secret of `[env]`: only its first line is shown.
    const reason = (cause.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new AppError("INVALID_CONFIG", `${file}:${cause.line}: not valid TOML: ${reason}.`, { cause });
  }
}

/** What one key alone cannot show. */
function crossChecks(
  config: Hop3Toml,
  env: readonly EnvEntry[],
): readonly { path: (string | number)[]; message: string; notBuilt?: boolean }[] {
  const found: { path: (string | number)[]; message: string; notBuilt?: boolean }[] = [];
  const builder = config.build?.builder;
  if (builder === "docker" || builder === "nix") {
    found.push({ path: ["build", "builder"], message: `= "${builder}" is not built yet.`, notBuilt: true });
  }
  const list = config.domains?.list ?? [];
  if (list.includes("_")) {
    found.push(
      list.length > 1
        ? { path: ["domains", "list"], message: 'may hold `"_"` only alone.' }
        : { path: ["domains", "list"], message: '= ["_"] is not built yet.', notBuilt: true },
    );
  }
  if (list.length > 0 && env.some((entry) => entry.name === "HOST_NAME")) {
    found.push({ path: ["env", "HOST_NAME"], message: "and `domains.list` exclude each other." });
  }
  found.push(...healthcheckRules(config), ...volumeRules(config));
  for (const [index, { name }] of (config.cron ?? []).entries()) {
    const first = config.cron?.findIndex((job) => job.name === name) ?? index;
    if (first < index) found.push({ path: ["cron", index, "name"], message: `is the name of job ${first + 1} too.` });
  }
  if (config.run?.start !== undefined && config.run.workers?.["web"] !== undefined) {
    found.push({ path: ["run", "workers", "web"], message: "and `run.start` are the same process; keep one." });
  }
  for (const prefix of Object.keys(config.static ?? {})) {
    if (config.run?.static?.[prefix] === undefined) continue;
    found.push({ path: ["static", prefix], message: "is also in `run.static`; keep one." });
  }
  return found;
}

/** Paths of the keys that are there although nothing does what they ask. */
function notBuiltKeys(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PropertyKey[],
): readonly (readonly PropertyKey[])[] {
  const shape = shapeOf(schema);
  if (shape === undefined || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown, index) => notBuiltKeys(elementOf(schema) ?? schema, one, [...path, index]));
  }
  return Object.entries(value).flatMap(([name, child]) => {
    const type = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (type === undefined) return [];
    return keyMeta(type).notBuilt === true ? [[...path, name]] : notBuiltKeys(type, child, [...path, name]);
  });
}

function elementOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return elementOf(schema.unwrap());
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

/** The keys of a table's type, or of each in a list of them, through `optional`. */
export function shapeOf(schema: z.core.$ZodType): z.core.$ZodShape | undefined {
  if (schema instanceof z.ZodOptional) return shapeOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return shapeOf(schema.element);
  return schema instanceof z.ZodObject ? schema.shape : undefined;
}

function shapeAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodShape | undefined {
  let shape = shapeOf(schema);
  for (const part of path) {
    if (typeof part === "number") continue;
    const child =
      typeof part === "string" && shape !== undefined && Object.hasOwn(shape, part) ? shape[part] : undefined;
    shape = child === undefined ? undefined : shapeOf(child);
  }
  return shape;
}

function shownPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === "string" && /^[\w-]{1,64}$/.test(part)
        ? part
        : typeof part === "string"
          ? quote(part)
          : `[${String(part)}]`,
    )
    .join(".")
    .replaceAll(".[", "[");
}

/** Our own messages start in lower case (`must be ...`); zod's are turned into one. */
function shownMessage(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_key" || issue.code === "invalid_element")
    return issue.issues[0]?.message ?? "is not valid";
  if (/^[a-z]/.test(issue.message)) return issue.message;
  if (issue.code === "invalid_type") {
    return `must be ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected === "object" || issue.expected === "record" ? "table" : issue.expected}`;
  }
  return `is not valid: ${issue.message}`;
}
