/** Request bodies, each within its limit. Nothing is buffered beyond what a limit allows. */
import { tarType } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";

/** Largest JSON body, in bytes. */
export const jsonMax = 1024 * 1024;

/** Largest signed body, in bytes: a push of two thousand commits fits. */
const rawMax = 2 * 1024 * 1024;

/**
 * The parsed JSON. Asking for the media type keeps simple cross-site requests out. Throws INVALID_INPUT,
 * UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, and what `ended` is aborted with.
 */
export async function readJson(request: Request, ended: AbortSignal): Promise<unknown> {
  requireType(request, "application/json");
  const chunks: Uint8Array[] = [];
  for await (const chunk of limited(request, jsonMax, ended)) chunks.push(chunk);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The request's body is not valid JSON.", { cause });
  }
}

/** The bytes of JSON or of a form, unread: what signed them is looked at first. Throws as `readJson`. */
export async function readRaw(request: Request, ended: AbortSignal): Promise<Uint8Array> {
  requireType(request, "application/json", "application/x-www-form-urlencoded");
  const chunks: Uint8Array[] = [];
  for await (const chunk of limited(request, rawMax, ended)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The archive's bytes as they come; iterating throws TOO_LARGE past `max` bytes, and what `ended` is aborted with. */
export function readTar(request: Request, max: number, ended: AbortSignal): AsyncIterable<Uint8Array> {
  requireType(request, tarType);
  return limited(request, max, ended);
}

function requireType(request: Request, ...wanted: readonly string[]): void {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === undefined || !wanted.includes(type))
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", `The request's body must be ${wanted.join(" or ")}.`);
  // A length is counted as it comes, and what is packed has another.
  const coding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (coding !== "identity") throw new AppError("UNSUPPORTED_MEDIA_TYPE", "The request's body must not be compressed.");
}

function limited(request: Request, max: number, ended: AbortSignal): AsyncIterable<Uint8Array> {
  const tooLarge = () => new AppError("TOO_LARGE", `The request's body is larger than ${max} bytes.`);
  // Said by the client, so only good for an early no; what comes is counted.
  if (Number(request.headers.get("content-length") ?? 0) > max) throw tooLarge();
  return (async function* read() {
    if (request.body === null) return;
    const reader = request.body.getReader();
    // Wakes a read that waits for a client who sends nothing.
    const cancel = (): void => void reader.cancel(ended.reason).catch(() => undefined);
    ended.addEventListener("abort", cancel, { once: true });
    try {
      let bytes = 0;
      while (true) {
        const { done, value } = await reader.read();
        ended.throwIfAborted();
        if (done) return;
        bytes += value.byteLength;
        if (bytes > max) throw tooLarge();
        yield value;
      }
    } finally {
      ended.removeEventListener("abort", cancel);
      cancel();
    }
  })();
}
