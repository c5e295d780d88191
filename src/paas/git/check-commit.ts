/** Whether a pushed commit is all there: what git names but does not hold would be missing from the deploy. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Repository } from "./repository.ts";

type Entry = { readonly mode: string; readonly object: string; readonly size: number; readonly path: string };

/** Entries that are looked at; more are refused when they are unpacked. */
const entriesMax = 200_000;

/** A pointer of LFS has less than 1024 bytes, and so much at least. */
const pointerSizes = [100, 1023] as const;
const pointer = /^([0-9a-f]{40,64}) blob \d+\nversion https:\/\/git-lfs\.github\.com\/spec\/v1\n/gm;

/** How many are read at a time, and named in a refusal. */
const readAtOnce = 500;
const namedMax = 5;

/** Throws INVALID_SOURCE for what is no commit, has submodules, or pointers of LFS in place of files. */
export async function checkCommit(repository: Repository, commit: string): Promise<void> {
  const { stdout } = await repository.run("cat-file", "-t", commit);
  if (stdout.trim() !== "commit")
    throw new AppError(
      "INVALID_SOURCE",
      `What was pushed is a ${stdout.trim() || "thing that is missing"}, and not a commit.`,
      {
        hint: "Push a branch.",
      },
    );
  const entries = await entriesOf(repository, commit);
  const modules = entries.filter(({ mode }) => mode === "160000").map(({ path }) => path);
  if (modules.length > 0)
    throw new AppError(
      "INVALID_SOURCE",
      `The commit has submodules (${named(modules)}), which the server does not fetch.`,
      {
        hint: "Deploy the directory with `hop3 deploy`, which takes checked out submodules along, or commit their files.",
      },
    );
  const attributes = entries.filter(({ path }) => path === ".gitattributes" || path.endsWith("/.gitattributes"));
  const texts = await readAll(repository, attributes);
  if (!/\bfilter=lfs\b/.test(texts)) return;
  const pointers = await pointersOf(repository, entries);
  if (pointers.length === 0) return;
  throw new AppError(
    "INVALID_SOURCE",
    `Files are kept in Git LFS (${named(pointers)}), and only their pointers were pushed.`,
    { hint: "Deploy the directory with `hop3 deploy`, which takes the files themselves, or keep them out of LFS." },
  );
}

async function entriesOf(repository: Repository, commit: string): Promise<Entry[]> {
  const listing = repository.start(["git", "ls-tree", "-r", "-z", "--long", "--full-tree", commit]);
  listing.stdin.end();
  listing.stderr.resume();
  const entries: Entry[] = [];
  let rest = "";
  for await (const chunk of listing.stdout.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\0");
    rest = lines.pop() ?? "";
    if (entries.length > entriesMax) break;
    for (const line of lines) {
      const tab = line.indexOf("\t");
      const [mode = "", , object = "", size = ""] = line.slice(0, tab).split(/ +/);
      entries.push({ mode, object, size: Number(size), path: line.slice(tab + 1) });
    }
  }
  listing.kill();
  return entries;
}

async function pointersOf(repository: Repository, entries: readonly Entry[]): Promise<string[]> {
  const [least, most] = pointerSizes;
  const small = entries.filter(({ mode, size }) => mode.startsWith("100") && size >= least && size <= most);
  const found = new Set<string>();
  for (let at = 0; at < small.length; at += readAtOnce) {
    const text = await readAll(repository, small.slice(at, at + readAtOnce));
    for (const [, object = ""] of text.matchAll(pointer)) found.add(object);
  }
  return small.filter(({ object }) => found.has(object)).map(({ path }) => path);
}

/** What `cat-file --batch` says of them. */
async function readAll(repository: Repository, entries: readonly Entry[]): Promise<string> {
  if (entries.length === 0) return "";
  const { stdout } = await repository.runWith(
    entries.map(({ object }) => `${object}\n`).join(""),
    "cat-file",
    "--batch",
  );
  return stdout;
}

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, namedMax).map(quote).join(", ");
  return paths.length > namedMax ? `${shown} and ${paths.length - namedMax} more` : shown;
}
