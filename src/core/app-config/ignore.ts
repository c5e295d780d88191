/** What an upload leaves out: never wanted on the server, or made anew there. */
export const defaultIgnore: readonly string[] = [
  ".git",
  ".hg",
  ".svn",
  ".hop3",
  ".hop3-app",
  ".hop3-local.toml",
  "node_modules",
  ".venv",
  "venv",
  "__pycache__",
  "*.pyc",
  ".pytest_cache",
  ".mypy_cache",
  ".ruff_cache",
  ".tox",
  ".DS_Store",
];

/**
 * A test for paths relative to the app's root (`/` between parts). A pattern without a slash matches a name at any depth;
 * one with a slash is anchored at the root. `*` and `?` stay within a name, `**` crosses folders. A matched folder leaves
 * out all below it, so nothing is ever taken back by a later pattern.
 */
export function ignoreMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.flatMap((pattern) => {
    const trimmed = pattern.trim().replace(/\/+$/, "");
    return trimmed === "" ? [] : [toExpression(trimmed)];
  });
  return (path) => {
    const parts = path.split("/").filter((part) => part !== "");
    const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    return prefixes.some((prefix) => expressions.some((expression) => expression.test(prefix)));
  };
}

function toExpression(pattern: string): RegExp {
  const anchored = pattern.includes("/");
  const body = pattern
    .replace(/^\//, "")
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => wildcard[part] ?? part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join("");
  return new RegExp(`${anchored ? "^" : "(?:^|/)"}${body}$`);
}

const wildcard: Readonly<Record<string, string>> = { "**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]" };
