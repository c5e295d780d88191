/**
 * From a person at the provider to a user of this server. The subject of the issuer alone says who it is: a name or an
 * address is chosen by whoever has it there, and never leads to a user that exists.
 */
import { type Actor, platformActor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Db } from "#store/db.ts";
import { setClaimedGroups } from "#store/groups.ts";
import { isNameTaken, linkIdentity, userOfIdentity } from "#store/identities.ts";
import { createUser, getUser, type User } from "#store/users.ts";
import type { OidcPerson } from "./oidc-person.ts";
import type { OidcSettings } from "./oidc-settings.ts";
import { tell } from "./tell.ts";

/** What a stranger must not be called: they stand in the log of events, or are what people look for there. */
const reserved: ReadonlySet<string> = new Set(["admin", "hop3", "nobody", "root"]);

/** Of one name; who then comes is refused. */
const namesakes = 999;

/**
 * In a transaction. Throws DENIED for somebody whom nobody has linked, where the operator lets in nobody new, and for a
 * user who is disabled; CONFLICT when somebody else was quicker with the name, or with this very subject.
 */
export async function userOfPerson(
  tx: Db,
  person: OidcPerson,
  { newUsers }: Pick<OidcSettings, "newUsers">,
  asked: Actor,
): Promise<User> {
  const actor = { ...asked, name: platformActor.name };
  const { issuer, subject } = person;
  const known = await userOfIdentity(tx, issuer, subject);
  const user = known === undefined ? await makeUser(tx, person, newUsers, actor) : await getUser(tx, known);
  if (user === undefined || user.disabledAt !== null || user.kind !== "person")
    throw new AppError("DENIED", "Your user may not log in here any more.");
  if (person.groups !== undefined) await followGroups(tx, user, person.groups, actor);
  return user;
}

async function makeUser(
  tx: Db,
  { issuer, subject, wantedName, email }: OidcPerson,
  newUsers: OidcSettings["newUsers"],
  actor: Actor,
): Promise<User> {
  if (newUsers === "refuse")
    throw new AppError("DENIED", `Nobody here is ${quote(subject)} of ${issuer}.`, {
      hint: `An admin can say who that is: \`hop3 user link NAME ${subject}\`.`,
    });
  const name = await freeName(tx, wantedName);
  const user = await createUser(tx, name, newUsers, email === undefined ? {} : { email });
  await linkIdentity(tx, { issuer, subject, user: name });
  const details = { issuer, subject, role: newUsers };
  await tell(tx, actor, { action: "user.create", target: name, details });
  return user;
}

async function freeName(tx: Db, wanted: string): Promise<string> {
  for (let count = 1; count <= namesakes; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!reserved.has(name) && !(await isNameTaken(tx, name))) return name;
  }
  throw new AppError("CONFLICT", `There are ${namesakes} users named like ${quote(wanted)}.`);
}

async function followGroups(tx: Db, { name, org }: User, claimed: readonly string[], actor: Actor): Promise<void> {
  const { joined, left } = await setClaimedGroups(tx, { org, user: name, claimed });
  if (joined.length + left.length === 0) return;
  await tell(tx, actor, { action: "user.groups", target: name, details: { joined, left } });
}
