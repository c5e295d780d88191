/** What openid-client throws, as errors of ours. What a provider says is another's text: it is quoted and cut. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

const said = /^[\x20-\x7e]{1,200}$/;

/** Anything thrown while the provider was asked, or what it sent was checked. */
export function oidcRefusal(thrown: unknown, issuer: string): AppError {
  const own = ownError(thrown);
  if (own !== undefined) return own;
  const told = (thrown ?? {}) as Fields;
  const { name, code, cause } = told;
  const { error, error_description: why } = challengeOf(cause) ?? told;
  const words = [error, why].filter((text) => typeof text === "string" && said.test(text)).join(": ");
  if (name === "AuthorizationResponseError") {
    return new AppError("UNAUTHENTICATED", `The provider refused the login (${quote(words)}).`, { cause: thrown });
  }
  if (name === "ResponseBodyError" || name === "WWWAuthenticateChallengeError") {
    if (error === "invalid_grant")
      return new AppError("UNAUTHENTICATED", "The provider does not accept what it gave for this login any more.", {
        hint: "Log in again.",
        cause: thrown,
      });
    return new AppError("UNAVAILABLE", `The provider refused this server (${quote(words)}).`, {
      hint: "The server's operator checks HOP3_OIDC_CLIENT_ID, its secret and what the provider allows this client.",
      cause: thrown,
    });
  }
  const claim = claimOf(cause);
  if (claim !== undefined)
    return new AppError("UNAUTHENTICATED", `The provider's answer does not fit this login (${claim}).`, {
      hint: "Log in again; when it stays, the provider and HOP3_OIDC_ISSUER do not agree.",
      cause: thrown,
    });
  if (code === "OAUTH_TIMEOUT") return new AppError("TIMEOUT", `${issuer} did not answer in time.`, { cause: thrown });
  return new AppError("UNAUTHENTICATED", `What ${issuer} answered is not a valid OpenID Connect answer.`, {
    hint: "`hop3 system logs` has what was wrong with it.",
    cause: thrown,
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** What a refusal says in its head alone (`WWW-Authenticate`), when that is all there is. */
function challengeOf(cause: unknown): Fields | undefined {
  if (!Array.isArray(cause)) return undefined;
  return (cause[0] as { readonly parameters?: Fields } | undefined)?.parameters;
}

/** The library wraps what its fetch has thrown. */
function ownError(thrown: unknown): AppError | undefined {
  for (let one = thrown, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth += 1) {
    if (one instanceof AppError) return one;
  }
  return undefined;
}

/** The name of the claim, parameter or attribute that did not fit; the library names it, or nothing does. */
function claimOf(cause: unknown): string | undefined {
  for (let one = cause, depth = 0; typeof one === "object" && one !== null && depth < 5; depth += 1) {
    const { claim, attribute, cause: next } = one as Readonly<Record<string, unknown>>;
    if (typeof claim === "string") return claim;
    if (typeof attribute === "string") return attribute;
    one = next;
  }
  return undefined;
}
