/**
 * What the server needs done: one function a route, by the route's name in core/api/routes.ts, so a route without one
 * does not compile. The platform implements them; the server has parsed the input, asked `can()` and knows nothing else.
 */
import type { Duplex } from "node:stream";
import type { Actor } from "#core/actor.ts";
import type { BodyOf, EventOf, HeadersOf, ParamsOf, QueryOf, ResponseOf, Route } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import type { Principal } from "#identity/principal.ts";

export type Call<R extends Route> = {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly headers: HeadersOf<R>;
  /** The parsed JSON; for a tar its bytes, which throw TOO_LARGE past the limit; undefined for a route without body. */
  readonly body: BodyOf<R>;
  /** For records and the audit log: the principal's name, with the credential, the address and the request. */
  readonly actor: Actor;
  /** Null on a public route that was asked without a token. */
  readonly principal: R["action"] extends "public" ? Principal | null : Principal;
  /** Aborted when the client is gone or may not go on. Work that must outlive the request (a deploy) does not listen to it. */
  readonly signal: AbortSignal;
};

/**
 * Errors are AppError; anything else becomes INTERNAL and is logged. A stream that throws before its first event answers
 * a problem document; later, it ends the stream with an event named `error`. What an upgrade answers is joined to the
 * client's connection, and destroyed with it.
 */
export type UseCase<R extends Route> = (
  call: Call<R>,
) => R["response"] extends "sse"
  ? AsyncIterable<EventOf<R>>
  : R["response"] extends "upgrade"
    ? Promise<Duplex>
    : R["response"] extends "text"
      ? Promise<string>
      : Promise<ResponseOf<R>>;

export type UseCases = { readonly [Name in keyof Routes]: UseCase<Routes[Name]> };
