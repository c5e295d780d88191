/** Checks a file of `hop3 audit export`, line by line: its size does not matter. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { AppError } from "#core/errors.ts";
import { type EventRow, walkChain } from "#core/event-chain.ts";
import { quote } from "#core/names.ts";
import type { Terminal } from "./terminal.ts";

export type FileVerdict = {
  readonly ok: boolean;
  /** Events that fit; when the file is not whole, the first that does not. */
  readonly seq: number;
  readonly head: string;
  readonly why: string | null;
};

/** `known`: a hash that was noted elsewhere. Throws USAGE for a file that cannot be read or is no export. */
export async function verifyFile(
  path: string,
  { cwd, stdin }: Pick<Terminal, "cwd" | "stdin">,
  known: string | undefined,
): Promise<FileVerdict> {
  const input = path === "-" ? stdin : createReadStream(resolve(cwd, path));
  const walk = walkChain(known);
  const verdict = (why: string | null, seq = walk.seq): FileVerdict => ({
    ok: why === null,
    seq,
    head: walk.hash,
    why,
  });
  let first: { readonly events: number; readonly head: string } | undefined;
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      const value = parse(line);
      if (first === undefined) {
        first = headerOf(value, path);
        continue;
      }
      const row = rowOf(value);
      if (row === undefined) return verdict("its line is no event", walk.seq + 1);
      if (walk.seq >= first.events)
        return verdict("it is beyond the end that the file's first line tells", walk.seq + 1);
      const why = walk.add(row);
      if (why !== undefined) return verdict(why);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("USAGE", `${quote(path)} cannot be read.`, { hint: "Check the path.", cause });
  } finally {
    lines.close();
  }
  if (first === undefined) throw noExport(path);
  if (walk.seq < first.events) return verdict("the end of the file was cut off", walk.seq + 1);
  if (walk.hash !== first.head) return verdict("its hash is not the one that the file's first line tells");
  if (!walk.metKnown) return verdict("the log does not go through the hash that was noted");
  return verdict(null);
}

function headerOf(value: unknown, path: string): { events: number; head: string } {
  const { format, version, events, head } = (value ?? {}) as Record<string, unknown>;
  if (format !== "hop3-audit") throw noExport(path);
  if (version !== 1) {
    throw new AppError("USAGE", `${quote(path)} was written by a newer Hop3.`, { hint: "Update this `hop3`." });
  }
  if (typeof events !== "number" || typeof head !== "string") throw noExport(path);
  return { events, head };
}

function noExport(path: string): AppError {
  return new AppError("USAGE", `${quote(path)} is no export of an audit log.`, {
    hint: "`hop3 audit export` writes one.",
  });
}

function rowOf(value: unknown): EventRow | undefined {
  const row = (value ?? {}) as Record<string, unknown>;
  const texts = ["at", "actor", "action", "outcome", "details", "hash"].every((name) => typeof row[name] === "string");
  const maybes = ["app", "target"].every((name) => row[name] === null || typeof row[name] === "string");
  return texts && maybes && typeof row["seq"] === "number" ? (row as EventRow) : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
