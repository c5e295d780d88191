/**
 * What the system's sshd is told of the account that git comes in by. Its keys are those of a file that hop3d writes, each with
 * one program; and even if a line said otherwise, there is no password, no terminal, no forwarding, no file of its home.
 */

import { createHash } from "node:crypto";
import { accountNames, places } from "./places.ts";

export type SshdAccount = { readonly user: string; readonly authorizedKeys: string };

/** A `Match` block. The file is read by a program, since hop3d's directories are not as sshd wants those of a home. */
export function sshdSettings({ user, authorizedKeys }: SshdAccount): string {
  return `Match User ${user}
  AuthorizedKeysFile none
  AuthorizedKeysCommand /bin/cat ${authorizedKeys}
  AuthorizedKeysCommandUser ${user}
  AuthorizedPrincipalsFile none
  TrustedUserCAKeys none
  AuthenticationMethods publickey
  PubkeyAuthentication yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  HostbasedAuthentication no
  GSSAPIAuthentication no
  DisableForwarding yes
  AllowTcpForwarding no
  AllowStreamLocalForwarding no
  AllowAgentForwarding no
  GatewayPorts no
  X11Forwarding no
  PermitTunnel no
  PermitTTY no
  PermitUserRC no
  PermitListen none
  PermitOpen none
  ClientAliveInterval 30
  ClientAliveCountMax 4
  MaxSessions 2
Match all
`;
}

/** Of an installation. */
export const installedSshd = sshdSettings({
  user: accountNames.hop3,
  authorizedKeys: `${places.root}/ssh/authorized_keys`,
});

/** Tells which text of it sshd has read last. */
export const sshdMark = `${createHash("sha256").update(installedSshd).digest("hex")}\n`;
