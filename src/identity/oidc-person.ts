/** Who a provider says that somebody is, and whether this server takes people of that kind. Pure. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { OidcSettings } from "./oidc-settings.ts";
import type { ProvenClaims } from "./oidc-provider.ts";

export type OidcPerson = {
  readonly issuer: string;
  readonly subject: string;
  /** A name that a new user could have. Nobody is ever found by it: whoever names himself at the provider chooses it. */
  readonly wantedName: string;
  /** Verified, in lower case; nobody is found by it either. */
  readonly email: string | undefined;
  /** What the groups claim says; undefined where the operator names no such claim. */
  readonly groups: readonly string[] | undefined;
};

const subjectMax = 255;
const groupsMax = 10_000;
const nameMax = 48;

/** Throws UNAUTHENTICATED for claims that make no sense, DENIED for somebody whom the operator's settings keep out. */
export function personOf({ issuer, subject, claims }: ProvenClaims, settings: OidcSettings): OidcPerson {
  if (subject.length > subjectMax || !/^[\x21-\x7e]+$/.test(subject))
    throw new AppError("UNAUTHENTICATED", `${issuer} names a subject that is none.`);
  const email = verifiedEmail(claims);
  requireDomain(email, settings.emailDomains);
  return {
    issuer,
    subject,
    wantedName: nameFrom(claims["preferred_username"]) ?? nameFrom(email) ?? "sso",
    email,
    groups: groupsOf(claims, settings.groupsClaim),
  };
}

/** In lower case, with exactly one @; an address that the provider has not verified is anybody's. */
function verifiedEmail({ email, email_verified: verified }: ProvenClaims["claims"]): string | undefined {
  if (verified !== true || typeof email !== "string" || email.length > 254) return undefined;
  return /^[\x21-\x3f\x41-\x7e]+@[a-z0-9.-]+$/i.test(email) ? email.toLowerCase() : undefined;
}

function requireDomain(email: string | undefined, domains: readonly string[]): void {
  if (domains.length === 0) return;
  if (email === undefined)
    throw new AppError("DENIED", "The provider vouches for no e-mail address of yours, and this server asks for one.", {
      hint: "Have the address verified at the provider; the scope `email` must be among HOP3_OIDC_SCOPES.",
    });
  const domain = email.slice(email.indexOf("@") + 1);
  if (!domains.includes(domain))
    throw new AppError("DENIED", `This server takes nobody with an address in ${quote(domain)}.`);
}

/** A list of texts, or one. Left out is none: whoever has lost the last group has lost it. */
function groupsOf(claims: ProvenClaims["claims"], name: string | undefined): readonly string[] | undefined {
  if (name === undefined) return undefined;
  const elsewhere = claims["_claim_names"];
  // Of somebody with very many groups some providers send only where they could be asked for (OpenID Connect, 5.6.2).
  if (typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, name))
    throw new AppError("DENIED", `The provider left out your groups (${quote(name)}): there are too many.`, {
      hint: "Have the provider send only the groups that matter to this server.",
    });
  const value = Object.hasOwn(claims, name) ? claims[name] : [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > groupsMax)
    throw new AppError("DENIED", `The provider names ${list.length} groups of yours; ${groupsMax} is the most.`);
  if (!list.every((one) => typeof one === "string"))
    throw new AppError("UNAUTHENTICATED", `The provider's claim ${quote(name)} is no list of names.`, {
      hint: "HOP3_OIDC_GROUPS_CLAIM names a claim that is a list of texts.",
    });
  return [...new Set(list)];
}

/** As user names are; undefined when nothing is left. */
function nameFrom(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const [local = ""] = text.slice(0, 256).split("@");
  const name = local
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, nameMax)
    .replace(/[._-]+$/, "");
  return name === "" ? undefined : name;
}
