/**
 * Requests that are still open - streams, sessions, uploads, long waits - and whether they may still be: whoever was let
 * in is asked for again every two seconds. A token that was revoked or has expired, a user who was disabled, a grant that
 * was taken away ends what they have open. Not only the routes of the API are held here: whoever serves a connection for a
 * principal (git) holds it, too.
 */
import type { Action } from "#core/actions.ts";
import { AppError, toAppError } from "#core/errors.ts";
import type { Log } from "#sys/log.ts";
import type { Principal, Resource } from "#identity/principal.ts";

export type OpenRequest = {
  readonly principal: Principal;
  /** `signed-in` asks only that the credential is still good. */
  readonly action: Action | "signed-in";
  /** Looked up at each check: an app may have another organisation by then, or be gone. */
  readonly resource: () => Promise<Resource>;
  /** Called once, with UNAUTHENTICATED, DENIED or APP_NOT_FOUND; ends the request and tells its client why. */
  readonly end: (why: AppError) => void;
};

export type OpenRequests = {
  /** Until the function that it returns is called. */
  hold(request: OpenRequest): () => void;
  /** Checks all that are open now, beside the clock. */
  check(): Promise<void>;
  close(): void;
};

export type WatchOptions = {
  /** The principal as it is now; undefined when its credential is not good any more. */
  readonly reloadPrincipal: (principal: Principal) => Promise<Principal | undefined>;
  /** Throws when the principal may not. */
  readonly authorize: (principal: Principal, action: Action, resource: Resource) => void;
  readonly log: Pick<Log, "error">;
  readonly everyMs?: number;
};

const standardEvery = 2000;

export function watchOpenRequests({
  reloadPrincipal,
  authorize,
  log,
  everyMs = standardEvery,
}: WatchOptions): OpenRequests {
  const open = new Set<OpenRequest>();
  let checking: Promise<void> | undefined;

  /** Why the request may not go on; undefined when it may. Throws when nobody can say. */
  const verdict = async (request: OpenRequest, now: Principal | undefined): Promise<AppError | undefined> => {
    if (now === undefined) {
      return new AppError("UNAUTHENTICATED", "Your login has ended: it was revoked or has expired.");
    }
    if (request.action === "signed-in") return undefined;
    const resource = await request.resource();
    try {
      authorize(now, request.action, resource);
      return undefined;
    } catch (thrown) {
      return toAppError(thrown);
    }
  };
  const checkAll = async (): Promise<void> => {
    // The address is part of what a credential is good for.
    const keyOf = ({ principal: { credential, address } }: OpenRequest) => `${credential.id} ${address}`;
    for (const requests of Map.groupBy(open, keyOf).values()) {
      const [first] = requests;
      if (first === undefined) continue;
      try {
        const now = await reloadPrincipal(first.principal);
        for (const request of requests) {
          const why = await verdict(request, now);
          if (why !== undefined && open.delete(request)) request.end(why);
        }
      } catch (error) {
        // While the store does not answer nobody can take a right away: what is open stays open.
        log.error("open requests could not be checked", { user: first.principal.name, error });
      }
    }
  };
  const check = (): Promise<void> => (checking ??= checkAll().finally(() => (checking = undefined)));
  const timer = setInterval(() => {
    if (open.size > 0) void check();
  }, everyMs);
  timer.unref();

  return {
    hold(request) {
      open.add(request);
      return () => void open.delete(request);
    },
    check,
    close: () => clearInterval(timer),
  };
}
