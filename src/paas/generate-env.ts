/** Values that `[env] NAME = {generate = ...}` asks for: made once, then kept. */
import { randomBytes, randomUUID } from "node:crypto";
import type { EnvEntry } from "#core/app-spec.ts";

const passwordLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789-_";

/** `length` counts random bytes (hex, base64, urlsafe) or characters (password), 32 unless said; a uuid has its own. */
export function generateValue(entry: Extract<EnvEntry, { kind: "generate" }>): string {
  const length = entry.length ?? 32;
  const bytes = randomBytes(length);
  const made = () => {
    switch (entry.format) {
      case "hex":
        return bytes.toString("hex");
      case "base64":
        return bytes.toString("base64");
      case "urlsafe":
        return bytes.toString("base64url");
      case "password":
        return pick(length);
      case "uuid":
        return randomUUID();
    }
  };
  return `${entry.prefix ?? ""}${made()}`;
}

/** Each letter equally likely: bytes past the last whole multiple are thrown away. */
function pick(length: number): string {
  const bound = 256 - (256 % passwordLetters.length);
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < bound && text.length < length) text += passwordLetters[byte % passwordLetters.length];
    }
  }
  return text;
}
