import type { UserView } from "#core/api/users.ts";
import { facts, localTime, table } from "../../render.ts";

export function userTable(users: readonly UserView[]): string {
  const rows = users.map((user) => [user.user, user.role, user.kind, stateText(user), user.totp ? "yes" : "no"]);
  return table(["NAME", "ROLE", "KIND", "STATE", "TOTP"], rows);
}

export function userFacts(user: UserView): string {
  return facts([
    ["user", user.user],
    ["role", user.role],
    ["kind", user.kind],
    ["email", user.email],
    ["state", stateText(user)],
    ["second factor", user.totp ? "yes" : "no"],
    ["since", localTime(user.createdAt)],
  ]);
}

function stateText({ disabledAt, kind, password }: UserView): string {
  if (disabledAt !== null) return "disabled";
  return kind === "person" && !password ? "no password" : "enabled";
}

/** What its user is to be told, once. */
export function oneTimeText({
  password,
  expiresAt,
}: {
  readonly password: string;
  readonly expiresAt: string;
}): string {
  return facts([
    ["one-time password", password],
    ["good until", localTime(expiresAt)],
  ]);
}
