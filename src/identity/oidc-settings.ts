/** How this server takes people from an OpenID Connect provider, as its operator says. Read in cmd/wire/oidc-settings.ts. */

/** What somebody may be made whom this server does not know; an admin is made by an admin alone. */
export const newUserRoles = ["member", "viewer", "developer", "auditor"] as const;
export type NewUserRole = (typeof newUserRoles)[number];

export type OidcSettings = {
  /** As the provider spells itself in its tokens. */
  readonly issuer: string;
  readonly clientId: string;
  /** Of a confidential client; a file is read anew at each login, so that it can be replaced without a restart. */
  readonly secret: { readonly file: string } | { readonly value: string } | undefined;
  /** How the secret is shown; undefined: as the provider's description says. */
  readonly clientAuth: "basic" | "post" | undefined;
  /** `openid` among them. */
  readonly scopes: readonly string[];
  /** The claim with the names of groups; undefined: groups are this server's own alone. */
  readonly groupsClaim: string | undefined;
  /** Whom an ID token may be for beside this client. */
  readonly audiences: readonly string[];
  /** In lower case; when there are any, only a verified address in one of them gets in. */
  readonly emailDomains: readonly string[];
  readonly newUsers: NewUserRole | "refuse";
  /** Longest life of a session: what has changed at the provider counts from the next login on. */
  readonly sessionSeconds: number;
};
