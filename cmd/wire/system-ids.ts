/** The numbers of the users that system mode runs as, which `hop3 server install` makes. */
import { AppError } from "#core/errors.ts";
import { accountNames } from "#install/places.ts";
import type { ServerIds } from "#supervisor/server-folders.ts";
import { readAccounts, type Accounts } from "#sys/accounts.ts";

/** Throws UNAVAILABLE where one is missing, or has another group than system mode needs. */
export function systemIds(accounts: Accounts = readAccounts()): ServerIds {
  const userOf = (name: string): number => {
    const user = accounts.users.find((one) => one.name === name);
    if (user === undefined) throw unfit(`There is no user ${name}.`);
    if (user.gid !== user.uid) throw unfit(`The user ${name} has the number ${user.uid} and its group ${user.gid}.`);
    return user.uid;
  };
  const groupOf = (name: string): number => {
    const group = accounts.groups.find((one) => one.name === name);
    if (group === undefined) throw unfit(`There is no group ${name}.`);
    return group.gid;
  };
  return {
    hop3: userOf(accountNames.hop3),
    edge: userOf(accountNames.edge),
    files: groupOf(accountNames.files),
    apps: groupOf(accountNames.apps),
  };
}

function unfit(what: string): AppError {
  return new AppError("UNAVAILABLE", `This host is not set up for system mode: ${what}`, {
    hint: "`sudo hop3 server install` sets it up.",
  });
}
