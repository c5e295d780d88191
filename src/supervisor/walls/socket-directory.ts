import { chmodSync, chownSync } from "node:fs";
import { join } from "node:path";

/** Makes the directory of a socket the app's, open to those who connect to it. Nobody but root can exchange it: what it is in is root's. */
export function giveSocketDirectory(
  sockets: string,
  id: string,
  owners: { readonly app: number; readonly group: number },
): void {
  const path = join(sockets, id);
  chownSync(path, owners.app, owners.group);
  chmodSync(path, 0o710);
}
