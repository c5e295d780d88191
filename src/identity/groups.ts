/** Groups of users and rights for single apps. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { AppRole, Role } from "#core/roles.ts";
import { appNotFound, orgOfApp } from "#store/apps.ts";
import { transaction, type Db } from "#store/db.ts";
import { grantsOnApp, removeGrant, setGrant, type Grant, type Subject } from "#store/grants.ts";
import {
  addToGroup,
  createGroup as insertGroup,
  deleteGroup,
  listGroups,
  membersOfGroup,
  removeFromGroup,
  type Group,
} from "#store/groups.ts";
import type { Asker } from "./identity.ts";
import type { Principal } from "./principal.ts";
import { tell } from "./tell.ts";
import { requireWhole } from "./users.ts";

export type GroupView = Group & { readonly members: readonly string[] };

export async function allGroups(db: Db, { org }: Principal): Promise<GroupView[]> {
  const groups = await listGroups(db, org);
  return Promise.all(groups.map(async (group) => ({ ...group, members: await membersOfGroup(db, org, group.name) })));
}

/** Throws NOT_FOUND. */
export async function showGroup(db: Db, by: Principal, name: string): Promise<GroupView> {
  const found = (await allGroups(db, by)).find((group) => group.name === name);
  if (found !== undefined) return found;
  throw new AppError("NOT_FOUND", `There is no group ${quote(name)}.`, { hint: "`hop3 group list` lists the groups." });
}

/** Throws INVALID_INPUT, CONFLICT; DENIED for a narrowed credential and a group that gives a role. */
export async function createGroup(
  db: Db,
  { principal, actor }: Asker,
  { name, role, claim }: { readonly name: string; readonly role: Role | null; readonly claim: string | null },
): Promise<GroupView> {
  if (role !== null || claim !== null) requireWhole(principal);
  return transaction(db, async (tx) => {
    await insertGroup(tx, { org: principal.org, name, role, claim });
    await tell(tx, actor, { action: "group.create", target: name, details: { role, claim } });
    return showGroup(tx, principal, name);
  });
}

/** With its rights. Throws NOT_FOUND. */
export async function destroyGroup(db: Db, { principal, actor }: Asker, name: string): Promise<void> {
  await transaction(db, async (tx) => {
    await showGroup(tx, principal, name);
    await deleteGroup(tx, principal.org, name);
    await tell(tx, actor, { action: "group.destroy", target: name });
  });
}

/** Throws NOT_FOUND; DENIED for a narrowed credential. */
export async function addMember(db: Db, { principal, actor }: Asker, group: string, user: string): Promise<GroupView> {
  // The group's rights, present and future, are the user's from now on.
  requireWhole(principal);
  return transaction(db, async (tx) => {
    await showGroup(tx, principal, group);
    await addToGroup(tx, { org: principal.org, group, user });
    await tell(tx, actor, { action: "group.add", target: group, details: { user } });
    return showGroup(tx, principal, group);
  });
}

/** Throws NOT_FOUND. */
export async function removeMember(
  db: Db,
  { principal, actor }: Asker,
  group: string,
  user: string,
): Promise<GroupView> {
  return transaction(db, async (tx) => {
    await showGroup(tx, principal, group);
    if (!(await removeFromGroup(tx, principal.org, group, user))) {
      throw new AppError("NOT_FOUND", `${quote(user)} is not in the group ${quote(group)}.`);
    }
    await tell(tx, actor, { action: "group.remove", target: group, details: { user } });
    return showGroup(tx, principal, group);
  });
}

/** Throws APP_NOT_FOUND. */
export async function accessTo(db: Db, app: string): Promise<Grant[]> {
  if ((await orgOfApp(db, app)) === undefined) throw appNotFound(app);
  return grantsOnApp(db, app);
}

/** In place of the role that the subject had for this app. Throws APP_NOT_FOUND; NOT_FOUND without such a user or group. */
export async function grantAccess(
  db: Db,
  { actor }: Asker,
  { app, subject, role }: { readonly app: string; readonly subject: Subject; readonly role: AppRole },
): Promise<Grant[]> {
  return transaction(db, async (tx) => {
    await setGrant(tx, { app, subject, role, by: actor.name });
    await tell(tx, actor, { action: "access.grant", app, target: subjectText(subject), details: { role } });
    return grantsOnApp(tx, app);
  });
}

/** Throws NOT_FOUND when the subject has no right of its own there. */
export async function revokeAccess(db: Db, { actor }: Asker, app: string, subject: Subject): Promise<Grant[]> {
  return transaction(db, async (tx) => {
    if (!(await removeGrant(tx, app, subject))) {
      throw new AppError("NOT_FOUND", `${subjectText(subject)} has no right of its own for ${app}.`, {
        hint: "`hop3 access list` shows who has which.",
      });
    }
    await tell(tx, actor, { action: "access.revoke", app, target: subjectText(subject) });
    return grantsOnApp(tx, app);
  });
}

/** `ada` or `@team`. */
export function subjectText({ kind, name }: Subject): string {
  return kind === "group" ? `@${name}` : name;
}

export function parseSubject(text: string): Subject {
  return text.startsWith("@") ? { kind: "group", name: text.slice(1) } : { kind: "user", name: text };
}
