/** `[env]` of hop3.toml: scalars, generated values, values of the app, and `[env.computed]` templates. */
import type { EnvEntry } from "../app-spec.ts";
import { isEnvName } from "../names.ts";
import { envValueMax } from "../limits.ts";
import { envTable } from "./schema.ts";

export type EnvProblem = { readonly path: readonly string[]; readonly message: string; readonly notBuilt?: boolean };

/** Values are never part of a message. */
export function readEnvSection(section: unknown): { entries: readonly EnvEntry[]; problems: readonly EnvProblem[] } {
  const entries: EnvEntry[] = [];
  const problems: EnvProblem[] = [];
  // That it must be a table is the schema's to say.
  if (!isTable(section)) return { entries, problems };
  for (const [name, value] of Object.entries(section)) {
    if (name === "_policy" || name === "computed") continue;
    const read = readEntry(name, value);
    if ("message" in read) problems.push({ ...read, path: ["env", name] });
    else entries.push(read);
  }
  const computed = section["computed"];
  if (computed !== undefined && !isTable(computed))
    problems.push({ path: ["env", "computed"], message: "must be a table of templates." });
  for (const [name, template] of Object.entries(isTable(computed) ? computed : {})) {
    const path = ["env", "computed", name];
    if (!isEnvName(name)) problems.push({ path, message: "is not a variable's name." });
    else if (typeof template !== "string") problems.push({ path, message: "must be a string." });
    else if (Object.hasOwn(section, name)) problems.push({ path, message: "is also in `[env]`; keep one." });
    else entries.push({ name, kind: "computed", template });
  }
  return { entries, problems };
}

type Refusal = { readonly message: string; readonly notBuilt?: boolean };

function readEntry(name: string, value: unknown): EnvEntry | Refusal {
  if (!isEnvName(name)) return { message: "is not a variable's name." };
  if (typeof value === "string" && value.includes("\0")) return { message: "must not contain NUL." };
  if (typeof value === "string" && value.length > envValueMax)
    return { message: `is longer than ${envValueMax} characters.` };
  if (
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    typeof value === "bigint"
  ) {
    return { name, kind: "value", value: String(value) };
  }
  if (!isTable(value))
    return { message: 'must be a string, number, boolean, or a table such as { generate = "hex" }.' };
  for (const later of ["external_ip", "display"]) {
    if (Object.hasOwn(value, later)) return { message: `with \`${later}\` is not built yet.`, notBuilt: true };
  }
  if (Object.hasOwn(value, "generate")) {
    const parsed = envTable.generate.safeParse(value);
    if (!parsed.success) return { message: inner(parsed.error.issues) };
    const { generate: format, length, prefix } = parsed.data;
    if (format === "uuid" && length !== undefined) return { message: "takes no `length` for a uuid." };
    return {
      name,
      kind: "generate",
      format,
      ...(length === undefined ? {} : { length }),
      ...(prefix === undefined ? {} : { prefix }),
    };
  }
  if (typeof value["from"] === "string" && value["from"] !== "app")
    return { message: "from an addon is not built yet.", notBuilt: true };
  const parsed = envTable.fromApp.safeParse(value);
  return parsed.success ? { name, kind: "app", key: parsed.data.key } : { message: inner(parsed.error.issues) };
}

function inner(
  issues: readonly {
    readonly path: readonly PropertyKey[];
    readonly message: string;
    readonly code?: string | undefined;
  }[],
): string {
  const [issue] = issues;
  if (issue?.code === "unrecognized_keys")
    return "has an unknown key; known are generate, length, prefix, from and key.";
  return `has a bad \`${issue?.path.join(".") ?? ""}\`: it ${issue?.message ?? "is not valid"}.`;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
