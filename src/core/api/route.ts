/**
 * The HTTP contract is data: a route says its method, path, the action that `can()` is asked for, and the shapes that go
 * in and out. The server binds handlers to it, the CLI and the console take their types from it, docs/api.md is made of it.
 */
import type { z } from "zod";
import type { Action } from "../actions.ts";

export type Route = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` parameters, below `/api/v1`. */
  readonly path: string;
  readonly summary: string;
  /** What the caller must be allowed to do; `public` asks nobody. */
  readonly action: Action | "public";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** JSON body; `tar` for a streamed archive. */
  readonly body?: z.ZodType | "tar";
  /** JSON answer; `sse` for an event stream whose events have the shape of `event`. */
  readonly response: z.ZodType | "sse";
  /** For `sse`: event name to the shape of its data. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
};

/** Keeps the literal types of a route while checking its form. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}
