/** Who asks, and for what: the types that `can` decides on. */
import type { UserRole } from "#store/users.ts";

export type Principal = {
  readonly name: string;
  readonly role: UserRole;
  /** The token that was shown; it can be named in the audit log. */
  readonly token: string;
};

/** What an action is done to. An app need not exist yet: a first deploy makes it. */
export type Resource = { readonly kind: "server" } | { readonly kind: "app"; readonly app: string };

export const server: Resource = { kind: "server" };

export function appResource(app: string): Resource {
  return { kind: "app", app };
}
