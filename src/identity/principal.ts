/** Who asks, and for what: the types that `can` decides on. */
import type { Action } from "#core/actions.ts";
import type { AppRole, Role } from "#core/roles.ts";

export type Principal = {
  readonly name: string;
  readonly kind: "person" | "service";
  /** The organisation in which it acts: apps of others do not exist for it. */
  readonly org: string;
  /** Its own and those of its groups; what one of them allows is allowed. */
  readonly roles: readonly Role[];
  /** Besides, by app: its own grants and those of its groups. */
  readonly grants: ReadonlyMap<string, readonly AppRole[]>;
  /** What was shown; it can be named in the audit log. */
  readonly credential: {
    readonly id: string;
    /** A key opens git alone. */
    readonly kind: "token" | "session" | "key";
    readonly name: string;
    readonly expiresAt: string | null;
  };
  /** What the credential is narrowed to, where it is. */
  readonly scope: { readonly actions: readonly Action[] | null; readonly apps: readonly string[] | null };
  /** Where the request came from, as far as that is known. */
  readonly address: string | undefined;
};

/** What an action is done to. An app has no organisation before it exists: a first deploy makes it. */
export type Resource =
  | { readonly kind: "server" }
  | { readonly kind: "app"; readonly app: string; readonly org: string | undefined };

export const server: Resource = { kind: "server" };

export function appResource(app: string, org: string | undefined): Resource {
  return { kind: "app", app, org };
}
