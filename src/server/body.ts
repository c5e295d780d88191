/** Request bodies, each within its limit. Nothing is buffered beyond what a limit allows. */
import { tarType } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";

/** Largest JSON body, in bytes. */
export const jsonMax = 1024 * 1024;

/** The parsed JSON. Asking for the media type keeps simple cross-site requests out. Throws INVALID_INPUT, TOO_LARGE. */
export async function readJson(request: Request): Promise<unknown> {
  requireType(request, "application/json");
  const chunks: Uint8Array[] = [];
  for await (const chunk of limited(request, jsonMax)) chunks.push(chunk);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The request's body is not valid JSON.", { cause });
  }
}

/** The archive's bytes as they come; iterating throws TOO_LARGE past `max` bytes. */
export function readTar(request: Request, max: number): AsyncIterable<Uint8Array> {
  requireType(request, tarType);
  return limited(request, max);
}

function requireType(request: Request, wanted: string): void {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== wanted) throw new AppError("INVALID_INPUT", `The request's body must be ${wanted}.`);
}

function limited(request: Request, max: number): AsyncIterable<Uint8Array> {
  const tooLarge = () => new AppError("TOO_LARGE", `The request's body is larger than ${max} bytes.`);
  // Said by the client, so only good for an early no; what comes is counted.
  if (Number(request.headers.get("content-length") ?? 0) > max) throw tooLarge();
  return (async function* read() {
    if (request.body === null) return;
    let bytes = 0;
    for await (const chunk of request.body) {
      bytes += chunk.byteLength;
      if (bytes > max) throw tooLarge();
      yield chunk;
    }
  })();
}
