import assert from "node:assert/strict";
import { test } from "node:test";
import type { Accounts } from "#sys/accounts.ts";
import { systemIds } from "./system-ids.ts";

const user = (name: string, uid: number, gid = uid) => ({ name, uid, gid, home: "/nonexistent", shell: "/bin/false" });
const host: Accounts = {
  users: [user("root", 0), user("hop3", 990), user("hop3-edge", 991)],
  groups: [
    { name: "hop3-files", gid: 992, members: ["hop3", "hop3-edge"] },
    { name: "hop3-apps", gid: 993, members: [] },
  ],
};

test("the users of system mode are found by name", () => {
  assert.deepEqual(systemIds(host), { hop3: 990, edge: 991, files: 992, apps: 993 });
});

test("a host that lacks one, or has given it another group, is refused by name", () => {
  const lacking: readonly (readonly [Accounts, RegExp])[] = [
    [{ ...host, users: host.users.slice(0, 2) }, /no user hop3-edge/],
    [{ ...host, groups: [] }, /no group hop3-files/],
    [{ ...host, groups: host.groups.slice(0, 1) }, /no group hop3-apps/],
    [
      { ...host, users: [user("hop3", 990, 100), user("hop3-edge", 991)] },
      /user hop3 has the number 990 and its group 100/,
    ],
  ];
  for (const [accounts, message] of lacking) assert.throws(() => systemIds(accounts), message);
});
