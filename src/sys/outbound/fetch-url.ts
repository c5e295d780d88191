/**
 * GET of an address that a user chose: by https, to a public address (pinned-address.ts), by http only where the operator
 * allowed the network. Each redirect is looked at like the first address, and keeps the scheme.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { isAllowedNear, pinnedAddress, type OutboundRules } from "./pinned-address.ts";

export type FetchOptions = {
  readonly rules: OutboundRules;
  /** Most bytes of the answer. */
  readonly bytes: number;
  readonly signal: AbortSignal;
  /** Milliseconds to the head of an answer, and between two pieces of it. */
  readonly idleMs?: number;
  /** PEM of an authority that is trusted beside those that Node trusts. */
  readonly ca?: string;
};

export type Fetched = {
  /** Throws TOO_LARGE, SOURCE_FAILED when it breaks off, or why the signal was aborted. */
  readonly body: AsyncIterable<Uint8Array>;
  /** As the server announced it; null when it did not. */
  readonly bytes: number | null;
};

const redirectsMax = 5;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

/** Longest address that is taken, in characters. */
export const urlMax = 2048;

/** Throws SOURCE_REFUSED, SOURCE_FAILED, TOO_LARGE, CANCELED. */
export async function fetchUrl(address: string, options: FetchOptions): Promise<Fetched> {
  let url = parseFetchUrl(address);
  for (let left = redirectsMax; ; left -= 1) {
    const response = await get(url, options);
    const status = response.statusCode ?? 0;
    if (status === 200) return { body: read(response, url, options), bytes: announced(response, url, options) };
    response.destroy();
    const { location } = response.headers;
    if (!redirectStatus.has(status) || location === undefined) {
      throw new AppError("SOURCE_FAILED", `${shownUrl(url)} answered ${status}.`);
    }
    if (left === 0) throw new AppError("SOURCE_FAILED", `${shownUrl(url)} redirects more than ${redirectsMax} times.`);
    const next = URL.parse(location, url);
    if (next === null) throw new AppError("SOURCE_FAILED", `${shownUrl(url)} redirects to what is no address.`);
    if (next.protocol !== url.protocol) {
      throw new AppError(
        "SOURCE_REFUSED",
        `${shownUrl(url)} redirects from ${url.protocol} to ${quote(next.protocol)}`,
      );
    }
    url = parseFetchUrl(next.href);
  }
}

/** Throws SOURCE_REFUSED. */
export function parseFetchUrl(text: string): URL {
  const url = text.length > urlMax ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new AppError("SOURCE_REFUSED", `${quote(text.split("?")[0] ?? "")} is not an https address.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new AppError("SOURCE_REFUSED", `The address of ${shownUrl(url)} holds a user's name or password.`, {
      hint: "Addresses end in logs and lists of processes: leave them out.",
    });
  }
  return url;
}

/** What may be shown of an address: no user, and no query, which may hold a signature that opens it. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  return quote(`${protocol}//${host}${pathname}`).slice(1, -1);
}

async function get(url: URL, { rules, signal, idleMs = 60_000, ca }: FetchOptions): Promise<IncomingMessage> {
  const address = await pinnedAddress(url.hostname, rules);
  const isTls = url.protocol === "https:";
  if (!isTls && !isAllowedNear(address, rules)) {
    throw new AppError("SOURCE_REFUSED", `${shownUrl(url)} would come in clear: anybody on the way could change it.`, {
      hint: "Write https://.",
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options: RequestOptions & { ca?: string; servername?: string } = {
    signal,
    // No agent: a kept connection would be one to an address that was looked at for another request.
    agent: false,
    headers: { "user-agent": "hop3", accept: "*/*", "accept-encoding": "identity" },
    lookup: (_host, { all }, done) => {
      const family = isIP(address);
      if (all === true) done(null, [{ address, family }]);
      else done(null, address, family);
    },
    ...(isTls && ca !== undefined ? { ca } : {}),
  };
  const request = (isTls ? httpsRequest : httpRequest)(url, options, resolve);
  request.setTimeout(idleMs, () => request.destroy(new Error("nothing came for too long")));
  request.on("error", (cause) => reject(broken(url, cause, signal)));
  request.end();
  return await promise;
}

function announced({ headers }: IncomingMessage, url: URL, { bytes }: FetchOptions): number | null {
  const length = headers["content-length"];
  if (length === undefined) return null;
  if (Number(length) > bytes) throw tooLarge(url, bytes);
  return Number(length);
}

async function* read(response: IncomingMessage, url: URL, { bytes, signal }: FetchOptions): AsyncGenerator<Uint8Array> {
  let seen = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      seen += chunk.byteLength;
      if (seen > bytes) throw tooLarge(url, bytes);
      yield chunk;
    }
  } catch (cause) {
    throw broken(url, cause, signal);
  } finally {
    response.destroy();
  }
}

function tooLarge(url: URL, bytes: number): AppError {
  return new AppError("TOO_LARGE", `What ${shownUrl(url)} sends is larger than ${bytes} bytes.`);
}

/** Node's own words hold the address that was connected to: only the code is shown. */
function broken(url: URL, cause: unknown, signal: AbortSignal): Error {
  if (cause instanceof AppError) return cause;
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason : new AppError("CANCELED", "Canceled.");
  const code = isNodeError(cause) && /^[A-Z_]{1,40}$/.test(cause.code ?? "") ? ` (${cause.code})` : "";
  return new AppError("SOURCE_FAILED", `${shownUrl(url)} cannot be fetched${code}.`, { cause });
}
