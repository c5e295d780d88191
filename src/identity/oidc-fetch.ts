/**
 * How the provider is asked: within a time, for an answer within a size, at addresses that TLS proves or that are this
 * machine's own, and never anywhere that it redirects to. It is another's server: it may be down, slow, wrong or hostile.
 * By node:http and a connection for each question: one that fetch kept may be dead when it is used after an hour.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { AppError } from "#core/errors.ts";

/** The part of `fetch` that openid-client uses. */
export type BoundedFetch = (
  url: string,
  options: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

export type FetchLimits = {
  /** Milliseconds for a whole exchange. */
  readonly ms: number;
  /** Bytes of an answer's body. */
  readonly bytes: number;
};

export const oidcLimits: FetchLimits = { ms: 10_000, bytes: 512 * 1024 };

/** True for an issuer that is asked in clear: on this machine's loopback, by address. */
export function isPlainLoopback(url: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(\/|$)/.test(url);
}

/** Its errors are UNREACHABLE and TIMEOUT and name only the provider's origin: an address may carry a code. */
export function boundedFetch(limits: FetchLimits): BoundedFetch {
  return async (url, { method, headers, body }) => {
    const { origin, protocol } = new URL(url);
    if (protocol !== "https:" && !isPlainLoopback(url)) {
      throw new AppError("UNREACHABLE", `The provider names ${origin}, which is not reached by https.`);
    }
    const signal = AbortSignal.timeout(limits.ms);
    const form = body instanceof URLSearchParams ? body.toString() : undefined;
    try {
      const response = await ask(url, { method, headers, form, signal });
      try {
        const status = response.statusCode ?? 500;
        if (status >= 300 && status < 400) {
          throw new AppError("UNREACHABLE", `${origin} redirects, which is never followed.`, {
            hint: "Set HOP3_OIDC_ISSUER to the issuer as the provider itself spells it.",
          });
        }
        const answer = await readBody(response, limits.bytes, origin);
        const { "content-type": type, "www-authenticate": challenge } = response.headers;
        return new Response(answer.length === 0 ? null : answer, {
          status,
          headers: {
            ...(type === undefined ? {} : { "content-type": type }),
            ...(challenge === undefined ? {} : { "www-authenticate": challenge }),
          },
        });
      } finally {
        response.destroy();
      }
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (signal.aborted)
        throw new AppError("TIMEOUT", `${origin} did not answer within ${limits.ms / 1000} s.`, { cause });
      throw new AppError("UNREACHABLE", `${origin} does not answer.`, {
        hint: "Is the provider running, and can this server reach it?",
        cause,
      });
    }
  };
}

type Question = {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly form: string | undefined;
  readonly signal: AbortSignal;
};

function ask(url: string, { method, headers, form, signal }: Question): Promise<IncomingMessage> {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" };
  return new Promise((resolve, reject) => {
    send(url, { method, headers: { ...type, ...headers }, agent: false, signal }, resolve)
      .on("error", reject)
      .end(form);
  });
}

async function readBody(response: IncomingMessage, max: number, origin: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > max) throw new AppError("UNREACHABLE", `${origin} answered with more than ${max / 1024} KiB.`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
