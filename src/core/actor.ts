/** Who did something, as the audit log keeps it: a request's, or the platform itself. */
export type Actor = {
  /** A user's name, `nobody`, or `hop3` for what the platform does by itself. */
  readonly name: string;
  /** In whose name: apps that it makes belong to this organisation. */
  readonly org?: string;
  /** By what it was proved; null for nobody and for the platform. */
  readonly credential: Credential | null;
  /** Where the request came from; null when it was no request. */
  readonly address: string | null;
  /** The request's, as its answer and the server's log have it. */
  readonly requestId: string | null;
  /** Called with the outcome when an event of this actor was written: how the server sees what a use case has told the log. */
  readonly onEvent?: (outcome: string) => void;
};

/** Never the secret: the id that lists of tokens, sessions and keys show. */
export type Credential = {
  readonly kind: "token" | "session" | "key" | "webhook";
  readonly id: string;
  /** In its owner's words. */
  readonly name: string | null;
};

/** What is written down of who asked, for work that goes on when its request has ended, and after a restart. */
export type Origin = Pick<Actor, "org" | "credential" | "address" | "requestId">;

export function originOf({ org, credential, address, requestId }: Origin): Origin {
  return { ...(org === undefined ? {} : { org }), credential, address, requestId };
}

export const nowhere: Origin = { credential: null, address: null, requestId: null };

/** What the platform sees or does by itself. */
export const platformActor: Actor = { name: "hop3", ...nowhere };
