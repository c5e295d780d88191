/** Questions before something is changed, and the flags that answer them. Where nobody can be asked they refuse, with 10. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { printable } from "#core/printable.ts";
import { ask } from "./prompt.ts";
import type { Terminal } from "./terminal.ts";

export type Answers = {
  readonly terminal: Terminal;
  /** Whether there is a person at a terminal. */
  readonly mayAsk: boolean;
  readonly yes: boolean;
  readonly force: boolean;
  /** `--confirm`. */
  readonly confirmed: string | undefined;
};

/**
 * Asks that the name be typed, for what cannot be brought back; --confirm=NAME, --yes and --force answer. `place/NAME`, which
 * a protected server asks for, is more than the name and answers too.
 */
export async function confirmByName(answers: Answers, name: string, what: string): Promise<void> {
  const { confirmed, yes, force } = answers;
  if (yes || force || confirmed === name || confirmed?.endsWith(`/${name}`) === true) return;
  if (confirmed !== undefined)
    throw new AppError("CONFIRMATION_NEEDED", `--confirm=${quote(confirmed)} is not the name ${quote(name)}.`);
  await typed(answers, name, what, "Type the name to go on");
}

/** Asks `[y/N]`, for what can be brought back; --yes, --force and any --confirm answer. */
export async function confirmYes(answers: Answers, what: string): Promise<void> {
  if (answers.yes || answers.force || answers.confirmed !== undefined) return;
  const refused = refuse("Repeat with --yes when you are sure.");
  if (!answers.mayAsk) throw refused(`${what} Nobody can be asked here.`);
  if (!(await sayYes(answers.terminal, what))) throw refused("Nothing was changed.");
}

/** A protected server: `[y/N]`, which --yes answers, and then `place/resource` typed, which only --confirm and --force do. */
export async function confirmProtected(answers: Answers, place: string, resource: string): Promise<void> {
  const name = `${place}/${resource}`;
  const { confirmed, yes, force, terminal, mayAsk } = answers;
  if (force || confirmed === name) return;
  const what = `${place} is protected.`;
  const refused = refuse(`Repeat with --confirm=${name} when you are sure.`);
  if (!mayAsk || confirmed !== undefined)
    throw refused(confirmed === undefined ? `${what} Nobody can be asked here.` : `${what} --confirm is not ${name}.`);
  if (!yes && !(await sayYes(terminal, what))) throw refused("Nothing was changed.");
  await typed(answers, name, `This changes ${resource} there.`, "Type context and name to go on");
}

async function typed(answers: Answers, name: string, what: string, question: string): Promise<void> {
  const refused = refuse(`Repeat with --confirm=${name} when you are sure.`);
  if (!answers.mayAsk) throw refused(`${what} Nobody can be asked here.`);
  answers.terminal.stderr.write(`${printable(what)}\n`);
  const said = await ask(answers.terminal, `${question} (${name}): `);
  if (said.trim() !== name) throw refused("Nothing was changed.");
}

async function sayYes(terminal: Terminal, what: string): Promise<boolean> {
  terminal.stderr.write(`${printable(what)}\n`);
  return /^y(es)?$/i.test((await ask(terminal, "Go on? [y/N] ")).trim());
}

function refuse(hint: string): (message: string) => AppError {
  return (message) => new AppError("CONFIRMATION_NEEDED", message, { hint });
}
