/** What the `server` commands do to this very host; handed in by cmd, for the CLI itself talks to servers over HTTP only. */
import { AppError } from "#core/errors.ts";
import type { Step } from "#install/step.ts";

export type ServerHost = {
  /** Serves in the foreground, in system mode, until it is interrupted; the exit status. */
  start(say: (line: string) => void): Promise<number>;
  install(options: InstallOptions): Promise<Installed>;
  /** Makes an admin, or lets one in again. */
  admin(name: string): Promise<Recovered>;
  uninstall(options: UninstallOptions): Promise<Uninstalled>;
};

/** A one-time password, told once. `made`: there was no such user before. */
export type Recovered = { readonly password: string; readonly expiresAt: string; readonly made: boolean };

/** Told what is being done. */
type Say = (line: string) => void;

export type InstallOptions = {
  /** Base domain, for a first installation. */
  readonly domain: string | undefined;
  /** Only the plan. */
  readonly dryRun: boolean;
  readonly say: Say;
  readonly signal: AbortSignal;
};

export type Installed = {
  /** The name of this Hop3's code: version and hash. */
  readonly version: string;
  /** What was, or would be, done; empty when all is as it should be. */
  readonly steps: readonly Step[];
  /** What a person should know now, a line each. */
  readonly notes: readonly string[];
};

export type UninstallOptions = {
  /** The data, too. */
  readonly purge: boolean;
  readonly dryRun: boolean;
  /** Asks, with the name of this host to type; rejects for a no. */
  readonly confirm: (host: string, what: string) => Promise<void>;
  readonly say: Say;
};

export type Uninstalled = { readonly steps: readonly Step[]; readonly notes: readonly string[] };

/** Throws UNAVAILABLE where Hop3 came as the client alone. */
export function requireServerHost(host: ServerHost | undefined): ServerHost {
  if (host !== undefined) return host;
  throw new AppError("UNAVAILABLE", "This hop3 is the client alone: there is no server in it.", {
    hint: "Clone Hop3's repository on the server, run `npm start` once, then `sudo bin/hop3 server install`.",
  });
}
