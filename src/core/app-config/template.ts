/** `$NAME` and `${NAME}` in the ENV file and in `[env.computed]`. */
import { AppError } from "../errors.ts";
import { quote } from "../names.ts";

const reference = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/** Longest value that a template may make, in characters; the kernel takes 128 KiB. */
const expandedMax = 96 * 1024;

/** True when the text refers to another variable. */
export function hasReference(text: string): boolean {
  return text.search(reference) >= 0;
}

/** The names that a template refers to, in order, each once. */
export function references(template: string): readonly string[] {
  return [...new Set([...template.matchAll(reference)].map((match) => match[1] ?? match[2] ?? ""))];
}

/** The template with every reference replaced. Throws INVALID_CONFIG, naming the variable, when one has no value. */
export function expandTemplate(
  name: string,
  template: string,
  valueOf: (wanted: string) => string | undefined,
): string {
  let length = template.length;
  return template.replace(reference, (_, braced: string | undefined, bare: string | undefined) => {
    const wanted = braced ?? bare ?? "";
    const value = valueOf(wanted);
    if (value === undefined) {
      throw new AppError("INVALID_CONFIG", `The variable ${name} refers to ${quote(wanted)}, which has no value.`, {
        hint: `Set it with \`hop3 env set ${wanted}=...\`, or correct the reference.`,
      });
    }
    // Ten variables that each name the one before ten times make ten thousand million.
    length += value.length;
    if (length > expandedMax) {
      throw new AppError("INVALID_CONFIG", `The value of ${name} grows longer than ${expandedMax} characters.`);
    }
    return value;
  });
}
