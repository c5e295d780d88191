/** Which server is meant: --server, HOP3_API_URL, HOP3_SERVER, the only one registered. HOP3_API_TOKEN wins over a stored token. */
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Server } from "./client.ts";
import { readServers, serversFile } from "./context-file.ts";
import type { Terminal } from "./terminal.ts";

/** Throws NO_SERVER when none is named, or none of that name is known. */
export async function resolveServer(flag: string | undefined, terminal: Terminal): Promise<Server> {
  const { env, home } = terminal;
  const url = env["HOP3_API_URL"];
  const known = await readServers(serversFile(env, home));
  const tokenFromEnv = env["HOP3_API_TOKEN"] || undefined;
  if (flag === undefined && url !== undefined && url !== "") {
    // A stored token goes only to the very address it was stored for.
    const [name, stored] = Object.entries(known).find(([, server]) => server.url === url) ?? [url];
    return { name, url, token: tokenFromEnv ?? stored?.token };
  }
  const names = Object.keys(known);
  const name = flag ?? (env["HOP3_SERVER"] || (names.length === 1 ? names[0] : undefined));
  if (name === undefined) {
    const message =
      names.length === 0 ? "No server is registered." : "Several servers are registered and none is named.";
    throw new AppError(
      "NO_SERVER",
      message,
      names.length === 0 ? {} : { hint: `Name one with --server: ${names.join(", ")}.` },
    );
  }
  const server = known[name];
  if (server === undefined) {
    const near = didYouMean(name, names);
    throw new AppError(
      "NO_SERVER",
      `There is no server named ${quote(name)}.`,
      near === undefined ? {} : { hint: `Did you mean ${near}?` },
    );
  }
  return { name, url: server.url, token: tokenFromEnv ?? server.token };
}
