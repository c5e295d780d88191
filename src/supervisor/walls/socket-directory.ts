import { chmodSync, chownSync } from "node:fs";
import { join } from "node:path";

/** Makes the directory of an instance's socket the app's, open to the edge. Nobody but root can exchange it: what it is in is root's. */
export function giveSocketDirectory(
  sockets: string,
  id: string,
  owners: { readonly app: number; readonly edge: number },
): void {
  const path = join(sockets, id);
  chownSync(path, owners.app, owners.edge);
  chmodSync(path, 0o710);
}
