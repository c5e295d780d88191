/** What a deploy is made of, out of the line: a directory, an archive, or something that the server fetches. */
import { createReadStream, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { RequestOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { CommandContext } from "./context.ts";
import type { Upload } from "./upload.ts";

type Pull = RequestOf<Routes["createPull"], never>["body"]["from"];

export type DeployFrom =
  | { readonly kind: "directory"; readonly directory: string }
  | { readonly kind: "archive"; readonly file: string; readonly sha256: string | undefined }
  /** `shown` without the query of an address, which may hold a signature. */
  | { readonly kind: "pull"; readonly from: Pull; readonly shown: string };

/** Throws USAGE for flags that exclude each other. */
export function deployFrom(context: CommandContext): DeployFrom {
  const { cwd } = context.terminal;
  const word = context.arg("dir");
  const [git, branch, ref, sha256] = ["git", "branch", "ref", "sha256"].map((name) => context.flag(name));
  const pull = context.has("pull");
  const isUrl = /^https?:\/\//i.test(word ?? "");
  const path = resolve(cwd, word ?? ".");
  const isFile = word !== undefined && !isUrl && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const together = (what: string, why: string): AppError =>
    new AppError("USAGE", `${what} ${why}.`, { hint: "`hop3 help deploy` has examples." });
  if ([git !== undefined, pull, word !== undefined].filter(Boolean).length > 1) {
    throw together("A directory or archive, --git and --pull", "exclude each other");
  }
  if (branch !== undefined && ref !== undefined) throw together("--branch and --ref", "exclude each other");
  if ((branch ?? ref) !== undefined && git === undefined) throw together("--branch and --ref", "belong to --git");
  if (sha256 !== undefined && !isUrl && !isFile) throw together("--sha256", "belongs to an archive");
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw together("--sha256", "takes 64 hexadecimal digits");
  const digest = sha256?.toLowerCase();
  if (isUrl && word !== undefined) {
    const from = { kind: "archive" as const, url: word, ...(digest === undefined ? {} : { sha256: digest }) };
    return { kind: "pull", from, shown: word.replace(/[?#].*$/s, "") };
  }
  if (git !== undefined) {
    const which = { ...(branch === undefined ? {} : { branch }), ...(ref === undefined ? {} : { ref }) };
    return { kind: "pull", from: { kind: "git", url: git, ...which }, shown: git.replace(/[?#].*$/s, "") };
  }
  if (pull) return { kind: "pull", from: { kind: "source" }, shown: "its source" };
  return isFile ? { kind: "archive", file: path, sha256: digest } : { kind: "directory", directory: path };
}

/** An archive of this machine, sent as it is: the server looks into it. */
export function archiveUpload(file: string): Upload {
  const { size } = statSync(file);
  return {
    files: 1,
    bytes: size,
    skipped: [],
    open(onBytes = () => undefined): Readable {
      let sent = 0;
      const source = createReadStream(file);
      source.on("data", (chunk) => onBytes((sent += chunk.length)));
      return source;
    },
  };
}

export function archiveName(file: string): string {
  return quote(basename(file)).slice(1, -1);
}
