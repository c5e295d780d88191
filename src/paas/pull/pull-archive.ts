/** Fetches an archive, and compares it with the digest that was given, if one was. */
import { createHash } from "node:crypto";
import { AppError } from "#core/errors.ts";
import { fetchUrl } from "#sys/outbound/fetch-url.ts";
import type { Pulling } from "./pulling.ts";

export type ArchivePull = { readonly url: string; readonly sha256: string | undefined };

/**
 * The bytes as they come; their end throws SOURCE_FAILED when they are not what the digest says, so that nothing that is
 * unpacked of them is ever used. `digest` is told once all have come.
 */
export async function pullArchive(
  { url, sha256 }: ArchivePull,
  {
    pulling,
    bytes,
    signal,
    digest,
  }: {
    readonly pulling: Pulling;
    readonly bytes: number;
    readonly signal: AbortSignal;
    readonly digest: (sha256: string) => void;
  },
): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await fetchUrl(url, { rules: pulling.rules, bytes, signal });
  return checked(body, sha256, digest);
}

/** The same of an upload. */
export async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  wanted: string | undefined,
  digest: (sha256: string) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest("hex");
  digest(found);
  if (wanted === undefined || wanted === found) return;
  throw new AppError("SOURCE_FAILED", "The archive is not the one that its digest names.", {
    hint: "It was changed on the way or at its place, or the digest is another file's; nothing of it was used.",
    details: [`wanted  ${wanted}`, `came    ${found}`],
  });
}
