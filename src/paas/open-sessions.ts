import type { SessionWish } from "#core/api/sessions.ts";

/** What somebody wants to run, until its client joins. */
export type Wish = {
  readonly app: string;
  readonly by: string;
  readonly release: number;
  readonly wanted: SessionWish;
};

/** Sessions that are wanted and those that are joined, of this hop3d. */
export type Sessions = {
  /** By id. */
  readonly wishes: Map<string, Wish>;
  /** `app number` */
  readonly joined: Set<string>;
  /** Whether what a predecessor had open has been ended. */
  ready: boolean;
};

export function createSessions(): Sessions {
  return { wishes: new Map(), joined: new Set(), ready: false };
}
