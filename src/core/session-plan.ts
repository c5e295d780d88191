/** What the supervisor hands to a session process, on its stdin: nothing of it stands in an argument list or a file. */

export type SessionPlan = {
  /** Where it serves its one client. */
  readonly socket: string;
  /** What the client must say first. */
  readonly token: string;
  readonly argv: readonly string[];
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** The first size of the terminal; null for none. */
  readonly terminal: { readonly columns: number; readonly rows: number } | null;
  /** Seconds after which it is ended. */
  readonly timeout: number;
};

/** Letters of a token. */
export const sessionTokenLength = 43;

/** What the process prints when it serves. */
export const sessionReady = "ready\n";
