/** Reads one of the app's own description files: hostile until proven otherwise. */
import { AppError, type ErrorCode } from "../errors.ts";
import { quote } from "../names.ts";
import type { SourceFiles } from "../plugin.ts";

export type SourceText = { readonly path: string; readonly text: string };

/**
 * The file's text, without a byte order mark; undefined when there is none. Throws `code` when it is a link, a folder,
 * not UTF-8, or larger than `maxBytes`.
 */
export function readSource(files: SourceFiles, path: string, code: ErrorCode, maxBytes: number): string | undefined {
  if (!files.exists(path)) return undefined;
  const text = files.read(path);
  if (text === undefined) throw new AppError(code, `${quote(path)} is not a regular file of at most 1 MiB.`);
  if (Buffer.byteLength(text) > maxBytes) {
    throw new AppError(code, `${quote(path)} is larger than ${Math.floor(maxBytes / 1024)} KiB.`);
  }
  // The replacement character is what decoding made of bytes that are no UTF-8; NUL is in no text.
  if (text.includes("\ufffd") || text.includes("\0")) throw new AppError(code, `${quote(path)} is not UTF-8 text.`);
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Looks a description file up in `hop3/` and in the root. Throws `code` when both are there: neither is ignored silently. */
export function findSource(
  files: SourceFiles,
  name: string,
  code: ErrorCode,
  maxBytes: number,
): SourceText | undefined {
  const found = [`hop3/${name}`, name].filter((path) => files.exists(path));
  if (found.length > 1) throw new AppError(code, `The app has both hop3/${name} and ${name}; keep one of them.`);
  const [path] = found;
  const text = path === undefined ? undefined : readSource(files, path, code, maxBytes);
  return path === undefined || text === undefined ? undefined : { path, text };
}
