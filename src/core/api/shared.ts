/** Shapes that several resources share. */
import { z } from "zod";
import { envValueMax } from "../limits.ts";
import { isAppName, isEnvName, isProcessType } from "../names.ts";
import { volumeModes, volumeTypes } from "../volume.ts";

export const appName = z
  .string()
  .refine(isAppName, "is not a valid app name")
  .describe("2 to 64 lowercase letters, digits or hyphens; starts with a letter");

export const processType = z
  .string()
  .refine(isProcessType, "is not a valid process type")
  .describe("A process type, such as `web`");

export const envName = z
  .string()
  .refine(isEnvName, "is not a valid variable name")
  .describe("Name of an environment variable");

/** A variable's value; NUL cannot be passed to a process. */
export const envValue = z
  .string()
  .max(envValueMax)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");

export const isoTime = z.string().describe("ISO 8601 time, UTC");

export const releaseNumber = z.int().positive().describe("Number of a release of this app, from 1");

export const deployNumber = z.int().positive().describe("Number of a deploy of this app, from 1");

export const appParams = z.strictObject({ app: appName });

/** `true` or `false` in a query. */
export const queryFlag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits")
  .describe("SHA-256 of the archive, in hexadecimal digits");

/** A whole number in a path, query or header. */
export const wholeNumber = z
  .string()
  .regex(/^[0-9]{1,15}$/, "must be a whole number")
  .transform(Number);

/** A directory of the app that builds and releases do not replace. */
export const volumeView = z.object({
  name: z.string(),
  type: z.enum(volumeTypes),
  target: z.string().describe("Where the app sees it, relative to the root of what was uploaded"),
  mode: z.enum(volumeModes),
  bytes: z.int().nullable().describe("Of a `tmpfs`: the most that it takes of memory"),
  source: z.string().nullable().describe("Of a `bind`: the server's directory"),
});
export type VolumeView = z.infer<typeof volumeView>;

/** What went wrong, as data: the code is a row of the error table (docs/errors.md). */
export const fault = z
  .object({ code: z.string(), message: z.string(), hint: z.string(), details: z.array(z.string()) })
  .describe("What went wrong and what to do next");
export type Fault = z.infer<typeof fault>;
