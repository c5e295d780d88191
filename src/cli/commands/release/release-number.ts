/** Which release is meant. */
import { AppError } from "#core/errors.ts";
import type { Client } from "../../client.ts";
import { wholeNumber } from "../../values.ts";

/** `word` as a number, or the release that serves. Throws USAGE, NO_RELEASE. */
export async function releaseNumber(client: Client, app: string, word: string | undefined): Promise<number> {
  if (word !== undefined) return parseRelease(word);
  const { release } = await client.call("showApp", { params: { app } });
  if (release === null) throw new AppError("NO_RELEASE", `${app} has no release yet.`);
  return release;
}

/** Takes `12` and `v12`. Throws USAGE. */
export function parseRelease(word: string): number {
  return wholeNumber(word.replace(/^v/, ""), "a release", 1, 999_999_999);
}
