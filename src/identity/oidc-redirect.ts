/** Where a provider may send a browser back to: the client that waits on the person's own machine, and nowhere else. */
import { AppError } from "#core/errors.ts";

export const callbackPath = "/callback";

const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})\/callback$/;

/**
 * The redirect URI as it was given. By its spelling and not by what a URL parser makes of it: `http://127.1/`,
 * `http://user@127.0.0.1/` and `http://127.0.0.1.example.com/` are other places to somebody. By address, not by the name
 * `localhost`, which a resolver may lead elsewhere (RFC 8252, 7.3 and 8.3). Throws INVALID_INPUT.
 */
export function requireLoopback(redirect: string): string {
  const port = Number(loopback.exec(redirect)?.[2]);
  if (port >= 1 && port <= 65_535) return redirect;
  throw new AppError("INVALID_INPUT", "A login may lead back only to the machine that it was begun on.", {
    hint: `The redirect URI is http://127.0.0.1:PORT${callbackPath} or http://[::1]:PORT${callbackPath}.`,
  });
}
