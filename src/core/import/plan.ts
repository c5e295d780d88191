/**
 * What is brought over from elsewhere: found in files alone, shown before anything is made. Planners are pure, given a
 * tree to read; they know formats as they are documented, and name what they leave behind, and why.
 */

/** What another system has written: hostile until proved otherwise. Paths have `/` between parts, none leads upwards. */
export type ImportTree = {
  /** Links are never followed, in no part of a path. Undefined where there is nothing. */
  kind(path: string): "file" | "folder" | "link" | "other" | undefined;
  /** Names in a folder, sorted; none where there is no folder. */
  list(path: string): readonly string[];
  /** Undefined for what is no regular file, is larger than its limit or not UTF-8; without a byte order mark. */
  read(path: string): string | undefined;
  /** Rows of a table of an SQLite file as text by column; undefined where there is no such file or table. */
  rows(path: string, table: string): readonly Readonly<Record<string, string | null>>[] | undefined;
};

/** What stays behind: `what` names it, never a value. */
export type Left = { readonly what: string; readonly why: string };

export type ImportedApp = {
  /** Empty until the plan is whole (plan-import.ts), which gives each another. */
  readonly name: string;
  /** What it was called. */
  readonly was: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly domains: readonly string[];
  /** How many of each process, where that was said. */
  readonly scale: ReadonlyMap<string, number>;
  /** Where its files are in the tree: a directory, or a bare repository of git. */
  readonly code: { readonly kind: "directory" | "repository"; readonly path: string } | undefined;
  readonly left: readonly Left[];
};

export const importKinds = ["directory", "heroku", "dokku", "piku", "hop3"] as const;
export type ImportKind = (typeof importKinds)[number];

export type ImportPlan = {
  readonly kind: ImportKind;
  readonly apps: readonly ImportedApp[];
  /** Of no app. */
  readonly left: readonly Left[];
};
