/** Trees of tests: paths to texts; `null` is a folder, `{ link }` a link, `{ rows }` an SQLite file. */
import type { ImportTree } from "./plan.ts";

type Entry =
  | string
  | null
  | { readonly link: string }
  | { readonly rows: Record<string, Record<string, string | null>[]> };

export function memoryTree(entries: Readonly<Record<string, Entry>>): ImportTree {
  const paths = Object.keys(entries);
  const entry = (path: string): Entry | undefined => (Object.hasOwn(entries, path) ? entries[path] : undefined);
  return {
    kind(path) {
      const found = entry(path);
      if (typeof found === "string") return "file";
      if (found !== undefined && found !== null) return "link" in found ? "link" : "file";
      return found === null || path === "." || paths.some((other) => other.startsWith(`${path}/`))
        ? "folder"
        : undefined;
    },
    list(path) {
      const prefix = path === "." ? "" : `${path}/`;
      const names = paths.flatMap((other) =>
        other.startsWith(prefix) ? [other.slice(prefix.length).split("/")[0] ?? ""] : [],
      );
      return [...new Set(names)].sort();
    },
    read(path) {
      const found = entry(path);
      return typeof found === "string" && found.length <= 1024 * 1024 ? found.replace(/^\ufeff/, "") : undefined;
    },
    rows(path, table) {
      const found = entry(path);
      return typeof found === "object" && found !== null && "rows" in found ? found.rows[table] : undefined;
    },
  };
}
