/** One request while it is open: what ends it when its principal may not have it any more (open-requests.ts). */
import type { Route } from "#core/api/route.ts";
import type { Principal, Resource } from "#identity/principal.ts";
import type { OpenRequests } from "./open-requests.ts";

export type HeldRequest = {
  /** Aborted with an AppError when the principal may not go on. */
  readonly ended: AbortSignal;
  /** The answer of a use case, or what the request was ended with before it came; what is under way then goes on. */
  orEnd<Answer>(work: Promise<Answer>): Promise<Answer>;
  /** It is not open any more. */
  release(): void;
};

type Holding = {
  readonly principal: Principal | null;
  readonly action: Route["action"];
  readonly resource: () => Promise<Resource>;
  /** Node's answer, where there is one. */
  readonly outgoing: { readonly writableFinished: boolean; destroy(): unknown } | undefined;
};

/** Milliseconds for a client to take the last event or answer before it is cut off. */
const toldWithin = 2000;

export function holdRequest(open: OpenRequests, { principal, action, resource, outgoing }: Holding): HeldRequest {
  const ending = new AbortController();
  const release =
    principal === null || action === "public"
      ? () => undefined
      : open.hold({
          principal,
          action,
          resource,
          end(why) {
            ending.abort(why);
            const cut = (): void => void (outgoing?.writableFinished === false && outgoing.destroy());
            setTimeout(cut, toldWithin).unref();
          },
        });
  return {
    ended: ending.signal,
    async orEnd(work) {
      const { promise, reject } = Promise.withResolvers<never>();
      const stop = (): void => reject(ending.signal.reason as Error);
      ending.signal.addEventListener("abort", stop, { once: true });
      try {
        return await Promise.race([work, promise]);
      } finally {
        ending.signal.removeEventListener("abort", stop);
        // It may yet fail, with nobody waiting for it.
        work.catch(() => undefined);
      }
    },
    release,
  };
}
