/** The text form of the variables that ride along with a deploy, in the header `hop3-env`. */
import { AppError } from "../errors.ts";
import { isEnvName, quote, quoteStart } from "../names.ts";
import { deployEnvMax } from "./prefix.ts";

export function encodeDeployEnv(env: Readonly<Record<string, string>>): string {
  const text = Buffer.from(JSON.stringify(env)).toString("base64url");
  if (text.length > deployEnvMax) {
    throw new AppError("INVALID_INPUT", "The variables given with the deploy are too long.", {
      hint: "Set them with `hop3 env set` instead.",
    });
  }
  return text;
}

/** Throws INVALID_INPUT for anything that `encodeDeployEnv` did not make; undefined is no variables. */
export function decodeDeployEnv(text: string | undefined): Record<string, string> {
  if (text === undefined || text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The variables given with the deploy cannot be read.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("INVALID_INPUT", "The variables given with the deploy are not an object.");
  }
  const env: Record<string, string> = {};
  for (const [name, entry] of Object.entries(value)) {
    if (!isEnvName(name)) throw new AppError("INVALID_INPUT", `${quoteStart(name)} is not a valid variable name.`);
    if (typeof entry !== "string" || entry.includes("\0")) {
      throw new AppError("INVALID_INPUT", `The value of ${quote(name)} must be text without NUL characters.`);
    }
    env[name] = entry;
  }
  return env;
}
