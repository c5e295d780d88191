/**
 * Shape checks by hand, for what strangers wrote: requests, records, the desired state. A checker returns the value with
 * its type or throws a Refusal that names the place. Objects must have the named keys and no others, so that nothing
 * smuggled in is ever carried along.
 */
import { isAppName, isProcessType, quote } from "#core/names.ts";
import { Refusal } from "./refusal.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function invalid(where: string, what: string): Refusal {
  return new Refusal("invalid", `${where} ${what}.`);
}

/** A plain object whose own keys are all of `required` and none but `optional` beside. */
export function fields(
  value: unknown,
  where: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(where, "must be an object");
  for (const key of Object.keys(value)) {
    if (!required.includes(key) && !optional.includes(key)) throw invalid(where, `has the unknown key ${quote(key)}`);
  }
  for (const key of required) if (!Object.hasOwn(value, key)) throw invalid(where, `lacks ${quote(key)}`);
  return value as Fields;
}

/** Own entries of an object that serves as a map, at most `max` of them. */
export function entries(value: unknown, where: string, max: number): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(where, "must be an object");
  const found = Object.entries(value);
  if (found.length > max) throw invalid(where, `has more than ${max} entries`);
  return found;
}

export function list(value: unknown, where: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(where, "must be a list");
  if (value.length > max) throw invalid(where, `has more than ${max} entries`);
  return value;
}

/** A whole number from `min` to `max`. */
export function whole(value: unknown, where: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw invalid(where, `must be a whole number from ${min} to ${max}`);
  }
  return value;
}

/** Seconds, fractions allowed, from 0 to `max`. */
export function seconds(value: unknown, where: string, max: number): number {
  if (typeof value !== "number" || !(value >= 0 && value <= max))
    throw invalid(where, `must be seconds from 0 to ${max}`);
  return value;
}

export function flag(value: unknown, where: string): boolean {
  if (typeof value !== "boolean") throw invalid(where, "must be true or false");
  return value;
}

/** Text of at most `max` bytes of UTF-8, as the kernel counts, without a NUL, which no command, path or environment can hold. */
export function text(value: unknown, where: string, max: number): string {
  if (typeof value !== "string") throw invalid(where, "must be text");
  if (Buffer.byteLength(value) > max) throw invalid(where, `is longer than ${max} bytes`);
  if (value.includes("\0")) throw invalid(where, "holds a NUL byte");
  return value;
}

export function oneOf<const T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalid(where, `must be one of ${allowed.join(", ")}`);
  return found;
}

export function appNameOf(value: unknown, where: string): string {
  if (typeof value !== "string" || !isAppName(value)) throw invalid(where, "is not an app name");
  return value;
}

export function processTypeOf(value: unknown, where: string): string {
  if (typeof value !== "string" || !isProcessType(value)) throw invalid(where, "is not a process type");
  return value;
}

/** Build, release and step numbers: the path of a record is made of them. */
export const numberMax = 1_000_000_000;
