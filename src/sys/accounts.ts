/** Users and groups of this host, from the files of /etc: what is asked for are accounts that the installation has made there. */
import { readFileSync } from "node:fs";

export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
};
export type Group = { readonly name: string; readonly gid: number; readonly members: readonly string[] };

export type Accounts = { readonly users: readonly Account[]; readonly groups: readonly Group[] };

/** `root` stands for `/`. Lines that are none are left out. */
export function readAccounts(root = ""): Accounts {
  const users = rows(`${root}/etc/passwd`).flatMap(([name = "", , uid, gid, , home = "", shell = ""]) =>
    isNumber(uid) && isNumber(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }] : [],
  );
  const groups = rows(`${root}/etc/group`).flatMap(([name = "", , gid, members = ""]) =>
    isNumber(gid) ? [{ name, gid: Number(gid), members: members.split(",").filter((one) => one !== "") }] : [],
  );
  return { users, groups };
}

function rows(path: string): string[][] {
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text);
}
