import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { StoredKey } from "#store/ssh-keys.ts";
import { authorizedKeys } from "./authorized-keys.ts";

const key: StoredKey = {
  fingerprint: `SHA256:${"a/+".repeat(14)}b`,
  user: "ada",
  name: "laptop",
  key: "ssh-ed25519 AAAA",
  createdAt: "2026-01-01T00:00:00.000Z",
  lastUsedAt: null,
};

/** As sshd reads a quoted option, and as a shell then runs the command. */
function run(text: string, env: Record<string, string>): string {
  const [, quoted = ""] = /^restrict,command="((?:[^"\\]|\\"|\\)*)" ssh-ed25519 AAAA$/m.exec(text) ?? [];
  return execFileSync("/bin/sh", ["-c", quoted.replaceAll('\\"', '"')], { env }).toString();
}

test("each key runs the program with what sshd tells as arguments, and an empty environment, whatever the paths are", () => {
  const odd = [`/bin/sh`, "-c", `printf '%s|' "$0" "$@"; env | grep -v ^PWD= | sort`, `/opt/it's "my" $HOME/git.sock`];
  const text = authorizedKeys([key], odd);
  assert.equal(text.trim().split("\n").length, 2);
  const command = `git-receive-pack '$(id)\`id\`"; id'`;
  const said = run(text, {
    SSH_ORIGINAL_COMMAND: command,
    SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22",
    NODE_OPTIONS: "--x",
  });
  assert.equal(said.split("\n")[0], [odd[3], key.fingerprint, command, "192.0.2.1 1 192.0.2.2 22", "", ""].join("|"));
  assert.doesNotMatch(said, /NODE_OPTIONS|SSH_/);
});

test("without keys there is a file that lets nobody in", () => {
  assert.match(authorizedKeys([], ["/bin/true"]), /^#[^\n]*\n$/);
});
