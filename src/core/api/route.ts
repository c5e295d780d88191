/**
 * The HTTP contract is data: a route says its method, path, the action that `can()` is asked for, and the shapes that go
 * in and out. The server binds handlers to it, the CLI and the console take their types from it, docs/api.md is made of it.
 */
import type { z } from "zod";
import type { Action } from "../actions.ts";

export type Route = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * What the audit log is told of a success that may have changed something (not GET, or an upgrade): unless said, one event
   * by its answer, from the use case or else from the server. `later`: from the work that the answer promises, at its end.
   * `none`: it changes nothing.
   */
  readonly event?: "later" | "none";
  /** With `:name` parameters, below `apiPrefix` (prefix.ts). */
  readonly path: `/${string}`;
  readonly summary: string;
  /** What the caller must be allowed to do; `signed-in` asks only who it is, `public` asks nobody. */
  readonly action: Action | "signed-in" | "public";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Request headers that mean something here, by lower-case name. */
  readonly headers?: z.ZodObject;
  /** JSON body; `tar` for a streamed archive. */
  readonly body?: z.ZodType | "tar";
  /** The bytes of the body are handed over as they came, for a signature covers them; `body` only says what they should be. */
  readonly raw?: true;
  /** Status of success, 200 unless said. */
  readonly status?: 201 | 202;
  /** Where an answer may have another status than that. */
  readonly statusOf?: (answer: never) => 200 | 202;
  /**
   * JSON answer; `text` for one of `contentType`; `sse` for an event stream whose events have the shapes of `events`;
   * `upgrade` for a connection taken over.
   */
  readonly response: z.ZodType | "text" | "sse" | "upgrade";
  /**
   * Of a GET: the part of its answer that `ETag` is made of, which changes when somebody changes it and not by itself.
   * Answers are so that a client can say with `If-Match` what it has seen.
   */
  readonly tagged?: (answer: never) => unknown;
  /** Of a change that two may make: the GET whose tag `If-Match` is held against; its parameters are among the route's. */
  readonly changes?: Route;
  /** For `text`. */
  readonly contentType?: string;
  /** For `sse`: event name to the shape of its data. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
};

/** Keeps the literal types of a route while checking its form. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

type Shape<R extends Route, Part extends "params" | "query" | "headers"> =
  R[Part] extends z.ZodType<infer Output> ? Output : Record<string, never>;

/** What a handler is given: everything parsed and within its limits. */
export type ParamsOf<R extends Route> = Shape<R, "params">;
export type QueryOf<R extends Route> = Shape<R, "query">;
export type HeadersOf<R extends Route> = Shape<R, "headers">;
export type BodyOf<R extends Route> = R["body"] extends "tar"
  ? AsyncIterable<Uint8Array>
  : R["raw"] extends true
    ? Uint8Array
    : R["body"] extends z.ZodType<infer Output>
      ? Output
      : undefined;

/** What a JSON route answers. */
export type ResponseOf<R extends Route> = R["response"] extends z.ZodType<infer Output> ? Output : never;

/** An event of an `sse` route. `id` is what a client may resume after (`Last-Event-ID`); not every stream has ids. */
export type EventOf<R extends Route> = {
  [Name in keyof R["events"]]: {
    readonly event: Name & string;
    readonly data: R["events"][Name] extends z.ZodType<infer Output> ? Output : never;
    readonly id?: string;
  };
}[keyof R["events"]];

type Wanted<R extends Route, Part extends "params" | "query" | "headers" | "body"> =
  R[Part] extends z.ZodType<unknown, infer Input> ? { readonly [K in Part]: Input } : unknown;

/** What a client sends: the parts that the route takes, before parsing. `Archive` is what it has in hand for a tar. */
export type RequestOf<R extends Route, Archive> = Wanted<R, "params"> &
  Partial<Wanted<R, "query">> &
  Partial<Wanted<R, "headers">> &
  (R["body"] extends "tar" ? { readonly body: Archive } : Wanted<R, "body">);
