/**
 * Passwords and codes that a command needs one after the other: from a file or stdin, a line each, or asked for. Never from
 * the command line, where others can see them.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { CommandContext } from "./context.ts";
import type { Flag } from "./define-command.ts";
import { ask, readStdin } from "./prompt.ts";

export type SecretAnswers = {
  /** `what` names it where there is nobody to ask, for example `the password`. */
  next(question: string, what: string): Promise<string>;
  /** One that is chosen now: who types it types it twice. */
  chosen(question: string, what: string): Promise<string>;
};

export const secretFlags: readonly Flag[] = [
  { name: "password-stdin", summary: "Read the password from stdin; what is asked for after it from further lines" },
  { name: "password-file", value: "FILE", summary: "The same from a file, - for stdin" },
];

const fileMax = 16 * 1024;

/** Throws USAGE for a file that cannot be read. */
export async function secretAnswers(context: CommandContext): Promise<SecretAnswers> {
  const { terminal } = context;
  const lines = await givenLines(context);
  const next = async (question: string, what: string): Promise<string> => {
    const line = lines?.shift();
    if (line !== undefined) return line;
    if (context.mayAsk && lines === undefined) return ask(terminal, question, true);
    throw new AppError("USAGE", `There is nobody to ask for ${what}.`, {
      hint: "Give it with --password-stdin or --password-file; a line for each thing that is asked for.",
    });
  };
  return {
    next,
    async chosen(question, what) {
      const first = await next(question, what);
      if (lines !== undefined || first === (await next("Again: ", what))) return first;
      throw new AppError("USAGE", "The two differ.", { hint: "Nothing was changed. Try again." });
    },
  };
}

/** Undefined when they are not given. */
async function givenLines(context: CommandContext): Promise<string[] | undefined> {
  const file = context.has("password-stdin") ? "-" : context.flag("password-file");
  if (file === undefined) return undefined;
  const { terminal } = context;
  const text = file === "-" ? await readStdin(terminal, fileMax) : readSmall(resolve(terminal.cwd, file));
  const lines = text.split(/\r?\n/);
  // The end of the last line is not an empty one after it.
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function readSmall(path: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new AppError("USAGE", `${quote(path)} ${why}.`, { hint: "Check the path.", cause });
  try {
    if (statSync(path).size > fileMax) throw refuse(`is larger than ${fileMax} bytes`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw cause instanceof AppError ? cause : refuse("cannot be read", cause);
  }
}
