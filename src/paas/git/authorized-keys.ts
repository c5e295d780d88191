/** The file that sshd asks for keys: each may run one program and nothing else, whatever it asks for. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import type { StoredKey } from "#store/ssh-keys.ts";

/** What sshd tells the program, handed on as arguments: its environment is emptied before it starts. */
const told = ["SSH_ORIGINAL_COMMAND", "SSH_CONNECTION", "GIT_PROTOCOL"].map((name) => `"$${name}"`);

/** `relay` is the program with its arguments; the key's fingerprint comes behind them. */
export function authorizedKeys(keys: readonly StoredKey[], relay: readonly string[]): string {
  const lines = keys.map(({ key, fingerprint }) => {
    const command = ["exec env -i", ...[...relay, fingerprint].map(word), ...told].join(" ");
    return `restrict,command="${command.replaceAll('"', '\\"')}" ${key}\n`;
  });
  return `# Made by hop3d, which writes it anew at each change of a key.\n${lines.join("")}`;
}

/** For the shell of the account: sshd hands the command to it. */
function word(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function writeAuthorizedKeys(file: string, keys: readonly StoredKey[], relay: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, authorizedKeys(keys, relay), 0o600);
}
