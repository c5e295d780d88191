/**
 * The ENV file: `NAME=value` a line, `#` comments. `$NAME` and `${NAME}` stand for other variables, unless the value is in
 * single quotes. A value is one line; quotes around it are taken off.
 */
import type { EnvEntry } from "../app-spec.ts";
import { envValueMax } from "../limits.ts";
import { isEnvName, quoteStart } from "../names.ts";
import { type Problem, throwProblems } from "./problem.ts";
import type { SourceText } from "./source-text.ts";
import { hasReference } from "./template.ts";

/** Throws INVALID_ENV_FILE with every bad line; values are never shown. */
export function parseEnvFile({ path, text }: SourceText): readonly EnvEntry[] {
  const problems: Problem[] = [];
  const entries = new Map<string, { readonly line: number; readonly entry: EnvEntry }>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const report = (message: string) => problems.push({ file: path, line, message });
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) continue;
    const equals = content.indexOf("=");
    const name = content.slice(0, Math.max(equals, 0)).trimEnd();
    const given = content.slice(equals + 1).trimStart();
    const quoted = /^(['"])(.*)\1$/s.exec(given);
    const value = quoted?.[2] ?? given;
    if (equals < 0) report("The line is not `NAME=value`.");
    else if (!isEnvName(name)) report(`${quoteStart(name)} is not a variable's name.`);
    else if (entries.has(name)) report(`${name} is given twice, first on line ${entries.get(name)?.line}.`);
    else if (quoted === null && /^['"]/.test(given)) report(`The quote that opens the value of ${name} is not closed.`);
    else if (value.length > envValueMax) report(`The value of ${name} is longer than ${envValueMax} characters.`);
    else if (quoted?.[1] !== "'" && hasReference(value))
      entries.set(name, { line, entry: { name, kind: "computed", template: value } });
    else entries.set(name, { line, entry: { name, kind: "value", value } });
  }
  throwProblems(problems, "INVALID_ENV_FILE");
  return [...entries.values()].map(({ entry }) => entry);
}
