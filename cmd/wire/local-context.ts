/** The CLI's context file of the person who starts the server, so that `hop3` works at once in the next terminal. */
import { isAbsolute } from "node:path";
import { readServers, saveServer, serversFile } from "#cli/context-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Under which a server of this host is known; `hop3 --server local` chooses it among several. */
export const localServer = "local";

/** The token that this person has for the local server; undefined when there is none or the file cannot be read. */
export async function localToken(env: Environment, home: string): Promise<string | undefined> {
  const servers = await readServers(serversFile(env, home)).catch(() => undefined);
  return servers?.[localServer]?.token;
}

/** Writes address and token into the 0600 file and returns its path; undefined when that is not possible (no HOME). */
export async function saveLocalContext(
  env: Environment,
  home: string,
  url: string,
  token: string,
): Promise<string | undefined> {
  const file = serversFile(env, home);
  if (!isAbsolute(file)) return undefined;
  try {
    await saveServer(file, localServer, { url, token });
    return file;
  } catch {
    return undefined;
  }
}
