/** The end of every login by single sign-on: from what the provider has proven to a session, or to what is still missing. */
import { loginSeconds } from "#core/credential-limits.ts";
import { AppError, toAppError } from "#core/errors.ts";
import type { MasterKey } from "#core/sealed.ts";
import { transaction, type Db } from "#store/db.ts";
import { createLogin } from "#store/logins.ts";
import type { Whence } from "./identity.ts";
import type { LoginStep } from "./login.ts";
import { personOf, type OidcPerson } from "./oidc-person.ts";
import type { OidcProvider, ProvenClaims } from "./oidc-provider.ts";
import type { OidcSettings } from "./oidc-settings.ts";
import { userOfPerson } from "./oidc-user.ts";
import { openSession } from "./sessions.ts";
import { tell } from "./tell.ts";

/** What the use cases of single sign-on are handed. */
export type Sso = {
  readonly store: Db;
  /** Seals what a login must remember. */
  readonly masterKey: MasterKey;
  readonly settings: OidcSettings;
  readonly provider: OidcProvider;
};

/** Of two that make the same new user at once, one finds it made when it tries again. */
const tries = 3;

/** A second factor that somebody has here is asked for after the provider, too. Throws UNAUTHENTICATED, DENIED. */
export async function endSso(sso: Sso, proven: ProvenClaims, whence: Whence): Promise<LoginStep> {
  const { store, settings } = sso;
  try {
    const person = personOf(proven, settings);
    for (let one = 1; ; one += 1) {
      try {
        return await transaction(store, (tx) => step(tx, person, settings, whence));
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "CONFLICT" || one === tries) throw error;
      }
    }
  } catch (error) {
    const { issuer, subject } = proven;
    const details = { by: "single sign-on", issuer, subject: subject.slice(0, 255) };
    const outcome = toAppError(error).code;
    await tell(store, whence.actor, { action: "login", target: "nobody", outcome, details });
    throw error;
  }
}

async function step(tx: Db, person: OidcPerson, settings: OidcSettings, whence: Whence): Promise<LoginStep> {
  const { name, org, totp } = await userOfPerson(tx, person, settings, whence.actor);
  if (totp) {
    const { login, secret } = await createLogin(tx, {
      user: name,
      stage: "totp",
      address: whence.actor.address,
      seconds: loginSeconds,
    });
    return { needs: "totp", login: secret, expiresAt: login.expiresAt };
  }
  const { agent, actor } = whence;
  const { token, secret } = await openSession(tx, {
    user: name,
    org,
    address: actor.address,
    agent,
    seconds: settings.sessionSeconds,
  });
  const { issuer, subject } = person;
  const credential = { kind: token.kind, id: token.id, name: token.name };
  const details = { by: "single sign-on", issuer, subject };
  const somebody = { ...actor, name, org, credential };
  await tell(tx, somebody, { action: "login", target: name, details });
  return { session: token, secret };
}
