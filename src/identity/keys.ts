/** The SSH keys of who asks. They open git alone, with all that their user may. */
import { sshKeysMax } from "#core/credential-limits.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { parseSshKey } from "#core/ssh-key.ts";
import { transaction, type Db } from "#store/db.ts";
import { addSshKey, getSshKey, listSshKeys, removeSshKey, touchSshKey, type StoredKey } from "#store/ssh-keys.ts";
import { findTokenById } from "#store/tokens.ts";
import { getUser } from "#store/users.ts";
import { principalOf } from "./authenticate.ts";
import type { Asker } from "./identity.ts";
import type { Principal } from "./principal.ts";
import { tell } from "./tell.ts";
import { requireWhole } from "./users.ts";

/** Throws INVALID_INPUT for what is no key or name, CONFLICT for one that is taken, DENIED, RATE_LIMITED for too many. */
export async function addKey(
  db: Db,
  { principal, actor }: Asker,
  { key: line, name }: { readonly key: string; readonly name: string | undefined },
): Promise<StoredKey> {
  await requireUnbound(db, principal);
  const key = parseSshKey(line);
  const called = name ?? nameOf(key.comment);
  return transaction(db, async (tx) => {
    const mine = await listSshKeys(tx, principal.name);
    if (mine.length >= sshKeysMax)
      throw new AppError("CONFLICT", `You have ${mine.length} keys, and nobody has more than ${sshKeysMax}.`, {
        hint: "Remove one that is not used: `hop3 key list` shows them.",
      });
    const namesake = mine.find((one) => one.name === called && one.fingerprint !== key.fingerprint);
    if (namesake !== undefined)
      throw new AppError("CONFLICT", `You have a key named ${quote(called)} already.`, {
        hint: "Choose another name with --name, or remove that one first.",
      });
    const added = await addSshKey(tx, principal.name, called, key);
    await tell(tx, actor, { action: "key.add", target: key.fingerprint, details: { name: called, type: key.type } });
    return added;
  });
}

export function keysOf(db: Db, { name }: Pick<Principal, "name">): Promise<StoredKey[]> {
  return listSshKeys(db, name);
}

/** Throws NOT_FOUND, also for another user's. */
export async function removeKey(db: Db, { principal, actor }: Asker, fingerprint: string): Promise<void> {
  await transaction(db, async (tx) => {
    if (!(await removeSshKey(tx, principal.name, fingerprint)))
      throw new AppError("NOT_FOUND", "You have no such key.", { hint: "`hop3 key list` shows yours." });
    await tell(tx, actor, { action: "key.remove", target: fingerprint });
  });
}

/** Who has shown by sshd that it holds this key. Throws UNAUTHENTICATED when it is nobody's, or not any more. */
export async function authenticateKey(db: Db, fingerprint: string, address: string | undefined): Promise<Principal> {
  const found = await principalOfKey(db, fingerprint, address);
  if (found === undefined) throw new AppError("UNAUTHENTICATED", "This key is not valid here, or not any more.");
  return found;
}

/** As of now; undefined when it is good no more. */
export async function principalOfKey(
  db: Db,
  fingerprint: string,
  address: string | undefined,
): Promise<Principal | undefined> {
  const key = await getSshKey(db, fingerprint);
  const user = key === undefined ? undefined : await getUser(db, key.user);
  if (key === undefined || user === undefined || user.disabledAt !== null) return undefined;
  await touchSshKey(db, key).catch(() => undefined);
  return principalOf(db, {
    user: user.name,
    userKind: user.kind,
    org: user.org,
    role: user.role,
    credential: { id: fingerprint, kind: "key", name: key.name, expiresAt: null },
    scope: { actions: null, apps: null },
    address,
  });
}

/** A key ends never and comes from anywhere: what is bound more closely makes none. */
async function requireUnbound(db: Db, principal: Principal): Promise<void> {
  requireWhole(principal);
  const { kind, id, expiresAt } = principal.credential;
  if (kind === "session") return;
  const token = (await findTokenById(db, id))?.token;
  if (token !== undefined && expiresAt === null && token.addresses === null) return;
  throw new AppError(
    "DENIED",
    "A token that expires, or is for some addresses alone, adds no key: the key would be for more.",
    {
      hint: "Log in with `hop3 login URL --user NAME` first.",
    },
  );
}

/** A comment is `ada@laptop`, as a rule. */
function nameOf(comment: string): string {
  const name = comment
    .replaceAll(/[^\w@.+-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64);
  return name === "" ? "key" : name;
}
