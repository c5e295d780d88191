/** The way back in, for who has the server: no request of the network leads here. */
import { platformActor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { transaction } from "#store/db.ts";
import { forgetFailures } from "#store/login-failures.ts";
import { endLoginsOf } from "#store/logins.ts";
import { firstOrg } from "#store/orgs.ts";
import { setOneTimePassword } from "#store/passwords.ts";
import { removeTotp } from "#store/second-factors.ts";
import { revokeTokens } from "#store/tokens.ts";
import { createUser, getMember, getUser, setDisabled, setRole } from "#store/users.ts";
import type { Identity } from "./identity.ts";
import { tell } from "./tell.ts";
import { makeOneTime, type OneTime } from "./users.ts";

/**
 * Makes the user an admin, new or as it is, who may log in again: enabled, with a one-time password, without a second factor
 * and without the failures that have locked it out; its sessions end. Throws INVALID_INPUT for a name that is none; CONFLICT
 * for a service account and for a user of another organisation.
 */
export async function recoverAdmin(identity: Identity, name: string): Promise<OneTime & { readonly made: boolean }> {
  const { hash, ...oneTime } = await makeOneTime(identity);
  return transaction(identity.store, async (tx) => {
    const known = await getMember(tx, firstOrg, name);
    if (known === undefined && (await getUser(tx, name)) !== undefined) {
      throw new AppError("CONFLICT", `${quote(name)} belongs to another organisation.`, { hint: "Take another name." });
    }
    if (known?.kind === "service") {
      throw new AppError("CONFLICT", `${quote(name)} is a service account.`, { hint: "Take another name." });
    }
    if (known === undefined) await createUser(tx, name, "admin");
    await setRole(tx, firstOrg, name, "admin");
    await setDisabled(tx, name, false);
    await setOneTimePassword(tx, name, hash, oneTime.expiresAt);
    await removeTotp(tx, name);
    await endLoginsOf(tx, name);
    await revokeTokens(tx, { user: name, kind: "session" });
    await forgetFailures(tx, "user", name);
    const made = known === undefined;
    await tell(tx, platformActor, { action: "user.recover", target: name, details: { made } });
    return { ...oneTime, made };
  });
}
