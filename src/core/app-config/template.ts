/** `$NAME` and `${NAME}` in the ENV file and in `[env.computed]`. */
import { AppError } from "../errors.ts";
import { quote } from "../names.ts";

const reference = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/** True when the text refers to another variable. */
export function hasReference(text: string): boolean {
  return text.search(reference) >= 0;
}

/** The names that a template refers to, in order, each once. */
export function references(template: string): readonly string[] {
  return [...new Set([...template.matchAll(reference)].map((match) => match[1] ?? match[2] ?? ""))];
}

/** The template with every reference replaced. Throws INVALID_CONFIG, naming the variable, when one has no value. */
export function expandTemplate(name: string, template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(reference, (_, braced: string | undefined, bare: string | undefined) => {
    const wanted = braced ?? bare ?? "";
    const value = Object.hasOwn(values, wanted) ? values[wanted] : undefined;
    if (value === undefined) {
      throw new AppError("INVALID_CONFIG", `The variable ${name} refers to ${quote(wanted)}, which has no value.`, {
        hint: `Set it with \`hop3 env set ${wanted}=...\`, or correct the reference.`,
      });
    }
    return value;
  });
}
