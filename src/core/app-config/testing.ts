/** For tests: an app that exists only as text. A value of `null` is there but cannot be read: a link, a folder, a huge file. */
import type { SourceFiles } from "../plugin.ts";

export function memoryFiles(contents: Readonly<Record<string, string | null>>): SourceFiles {
  const paths = Object.keys(contents);
  return {
    exists: (path) => Object.hasOwn(contents, path) || paths.some((known) => known.startsWith(`${path}/`)),
    read: (path) => (Object.hasOwn(contents, path) ? (contents[path] ?? undefined) : undefined),
    list(path) {
      const prefix = path === "." ? "" : `${path}/`;
      const names = paths.flatMap((known) => {
        if (!known.startsWith(prefix)) return [];
        const rest = known.slice(prefix.length);
        return rest.includes("/") ? [rest.slice(0, rest.indexOf("/") + 1)] : [rest];
      });
      return [...new Set(names)].toSorted();
    },
  };
}
