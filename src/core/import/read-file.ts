import type { Draft } from "./draft.ts";
import type { ImportTree } from "./plan.ts";

/** The text of a file, undefined where there is none; what is there and cannot be read is noted. */
export function readFile(tree: ImportTree, path: string, draft: Draft): string | undefined {
  const kind = tree.kind(path);
  if (kind === undefined) return undefined;
  const text = kind === "file" ? tree.read(path) : undefined;
  if (text !== undefined) return text;
  const why =
    kind === "link"
      ? "it is a symbolic link, and those are not followed"
      : kind === "file"
        ? "it is larger than 1 MiB, not UTF-8 text, or may not be read"
        : "it is no file";
  draft.leave(path, why);
  return undefined;
}

/** A path below a folder; `.` is the tree itself. */
export function below(folder: string, name: string): string {
  return folder === "." ? name : `${folder}/${name}`;
}
