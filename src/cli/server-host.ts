/** What the `server` commands do to this very host; handed in by cmd, for the CLI itself talks to servers over HTTP only. */
import { AppError } from "#core/errors.ts";

export type ServerHost = {
  /** Serves in the foreground, in system mode, until it is interrupted; the exit status. */
  start(say: (line: string) => void): Promise<number>;
};

/** Throws UNAVAILABLE where Hop3 came as the client alone. */
export function requireServerHost(host: ServerHost | undefined): ServerHost {
  if (host !== undefined) return host;
  throw new AppError("UNAVAILABLE", "This hop3 is the client alone: there is no server in it.", {
    hint: "Clone Hop3's repository on the server, run `npm start` once, then `sudo bin/hop3 server install`.",
  });
}
