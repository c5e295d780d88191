import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readAccounts } from "./accounts.ts";

test("users and groups are read with their numbers and members, and lines that are none are left out", (t) => {
  const root = mkdtempSync(join(tmpdir(), "hop3-accounts-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "etc"));
  const passwd = "root:x:0:0:root:/root:/bin/bash\n+::::::\nhop3:x:998:997::/var/lib/hop3:/usr/sbin/nologin\n";
  writeFileSync(join(root, "etc/passwd"), passwd);
  writeFileSync(join(root, "etc/group"), "hop3:x:997:\nhop3-files:x:996:hop3,hop3-edge\nnonsense\n");
  const { users, groups } = readAccounts(root);
  assert.deepEqual(
    users.map(({ name, uid, gid }) => [name, uid, gid]),
    [
      ["root", 0, 0],
      ["hop3", 998, 997],
    ],
  );
  assert.deepEqual(groups, [
    { name: "hop3", gid: 997, members: [] },
    { name: "hop3-files", gid: 996, members: ["hop3", "hop3-edge"] },
  ]);
});
