/** Types of single values in hop3.toml, each with the words that refuse what is none. */
import { z } from "zod";
import { isProcessType } from "../names.ts";
import { restartPolicies } from "../records.ts";
import { commandMax } from "./procfile.ts";
import { innerPath, urlPrefix } from "./paths.ts";

export const text = z.string().max(1024, "is longer than 1024 characters");
const commandLine = z
  .string("must be a command")
  .trim()
  .min(1, "must not be empty")
  .max(commandMax, `is longer than ${commandMax} characters`)
  .refine((line) => !line.includes("\0"), "must not contain NUL");
/** One command; a list is joined by `&&`. */
export const command = z
  .union(
    [commandLine, z.array(commandLine).min(1, "must not be empty").max(64)],
    "must be a command or a list of commands",
  )
  .transform((lines) => (typeof lines === "string" ? lines : lines.join(" && ")))
  .refine((line) => line.length <= commandMax, `is longer than ${commandMax} characters`);
const number = z.number("must be a number of seconds");
/** More than none, unless `orNone`. */
export const seconds = (most: number, orNone = false) =>
  (orNone ? number.min(0, "must be at least 0") : number.positive("must be more than 0")).max(
    most,
    `must be at most ${most} seconds`,
  );
export const strings = z.array(text, "must be a list of strings").max(200, "has more than 200 entries");
export const directory = z
  .string("must be a directory inside the app")
  .refine((path) => innerPath(path) !== undefined, "must be a directory inside the app, without `..` and not absolute")
  .transform((path) => innerPath(path) ?? ".");
export const staticPaths = z
  .record(
    z.string().refine((prefix) => urlPrefix(prefix) !== undefined, "must be a URL path that starts with `/`"),
    directory,
    "must be a table of URL path = directory",
  )
  .transform((paths) =>
    Object.fromEntries(Object.entries(paths).map(([prefix, path]) => [urlPrefix(prefix) ?? "/", path])),
  );
export const urlPath = z
  .string("must be a URL path")
  .regex(/^\/[\x21-\x7e]*$/, "must be a URL path that starts with `/`")
  .max(1024);
/** A restart policy. */
export const restartPolicy = z.enum(restartPolicies, 'must be "always", "on_failure" or "never"');
export const processTypeName = z
  .string()
  .refine(isProcessType, "is not a process type: lowercase letters, digits, - and _, at most 32");
export const policy = z.enum(["keep-existing", "override"], 'must be "keep-existing" or "override"');
