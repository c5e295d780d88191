/** Small values as people type them on a command line. */
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import { isEnvName, quote, quoteStart } from "#core/names.ts";

/** A whole number from min to max. Throws USAGE. */
export function wholeNumber(text: string, what: string, min: number, max: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new AppError("USAGE", `${quote(text)} is not a number for ${what}.`, { hint: `Give ${min} to ${max}.` });
}

/** `NAME=value` words as an object; the last one of a name wins. Throws USAGE, without repeating a value. */
export function assignments(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (equals < 0) throw new AppError("USAGE", `${quote(name)} has no value.`, { hint: "Write NAME=value." });
    if (!isEnvName(name))
      throw new AppError("USAGE", `${quoteStart(name)} is not a valid variable name.`, { hint: "Write NAME=value." });
    found[name] = word.slice(equals + 1);
  }
  return found;
}

/** One of a short list. Throws USAGE. */
export function oneOf<Value extends string>(text: string, values: readonly Value[], what: string): Value {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  const near = didYouMean(text, values);
  throw new AppError("USAGE", `${quote(text)} is not ${what}.`, {
    hint: near === undefined ? `Take one of ${values.join(", ")}.` : `Did you mean ${near}?`,
  });
}

/** `30d` or `30` as days, up to `max`. Throws USAGE. */
export function days(text: string, max: number): number {
  const [, count] = /^([0-9]{1,4})d?$/.exec(text) ?? [];
  if (count !== undefined && Number(count) >= 1 && Number(count) <= max) return Number(count);
  throw new AppError("USAGE", `${quote(text)} is not a number of days.`, { hint: `Give 1d to ${max}d.` });
}
