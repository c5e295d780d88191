/** Settings that are whole numbers. */
import { AppError } from "#core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws INVALID_INPUT that names the variable, as below. */
export function port(env: Environment, name: string, unlessSet: number): number {
  return whole(env, name, { unlessSet, min: 1, max: 65_535, what: "a port" });
}

type Range = { readonly unlessSet: number; readonly min: number; readonly max: number; readonly what: string };

export function whole(env: Environment, name: string, { unlessSet, min, max, what }: Range): number {
  const text = env[name];
  if (text === undefined || text === "") return unlessSet;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new AppError("INVALID_INPUT", `${name} must be ${what} from ${min} to ${max}.`);
  return value;
}
