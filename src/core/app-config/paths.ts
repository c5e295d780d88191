/** Paths and URL prefixes that an app names in its own files: they must stay inside the app. */

/** The relative path without `.` and empty parts (`.` for the root itself), or undefined when it could lead out of the tree. */
export function innerPath(path: string): string | undefined {
  // Backslashes, braces and what is not printable are legal in names, but nobody means them, and braces mean much to an edge.
  if (path === "" || path.length > 1024 || path.startsWith("/") || /[^\P{Cc}]|[\\{}]/u.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return undefined;
  return parts.length === 0 ? "." : parts.join("/");
}

/** The URL path prefix without its last slash (`/` for all), or undefined when it is none. */
export function urlPrefix(prefix: string): string | undefined {
  if (prefix.length > 256 || !/^\/[A-Za-z0-9._~\-/]*$/.test(prefix)) return undefined;
  const parts = prefix.split("/").filter((part) => part !== "");
  if (parts.some((part) => part === "." || part === "..")) return undefined;
  return `/${parts.join("/")}`;
}
