/** What may be asked of a repository: a branch, a tag, a commit. Nothing of it can be taken for an option or a pattern. */
import { AppError } from "./errors.ts";
import { quote } from "./names.ts";

const refMax = 250;

/** By git's own rules (git-check-ref-format(1)), and no refspec: no `:`, `*`, `+`, `^`. */
export function isRefName(text: string): boolean {
  return (
    text.length > 0 &&
    Buffer.byteLength(text) <= refMax &&
    !/[\p{C}\s~^:?*[\\+]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(\/|$)/u.test(text) &&
    text !== "@"
  );
}

/** `refs/heads/NAME`. Throws INVALID_INPUT. */
export function branchRef(name: string): string {
  if (!isRefName(name) || name.startsWith("refs/")) throw notOne(name, "branch");
  return `refs/heads/${name}`;
}

/** A tag, branch or commit as it is written. Throws INVALID_INPUT. */
export function anyRef(name: string): string {
  if (!isRefName(name)) throw notOne(name, "tag, branch or commit");
  return name;
}

/** As a person says it: `main` for `refs/heads/main`. */
export function shownRef(ref: string | null): string {
  return ref === null ? "HEAD" : ref.replace(/^refs\/(heads|tags)\//, "");
}

function notOne(name: string, what: string): AppError {
  return new AppError("INVALID_INPUT", `${quote(name)} is no name of a ${what}.`, {
    hint: "Write it as git shows it: main, v1.2, or a whole commit.",
  });
}
