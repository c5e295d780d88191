/**
 * Which server is meant: --server, HOP3_API_URL, HOP3_SERVER, the context's, the one that a git remote leads to, the only one
 * registered, and of several the one that `hop3 server use` has chosen. HOP3_API_TOKEN wins over a stored token.
 */
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { KnownServer, KnownServers } from "../context-file.ts";
import type { Remote } from "./git-remotes.ts";
import type { Surroundings } from "./surroundings.ts";
import { firstOf, type Found, type Traced } from "./trace.ts";

/** Without a token where none is stored for it. */
export type NamedServer = KnownServer & { readonly name: string };

/** Throws NO_SERVER for a name that is not registered. */
export async function whichServer(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  around: Surroundings,
  currentContext: () => Promise<string | undefined>,
): Promise<Traced<NamedServer>> {
  const known = await around.known();
  const names = Object.keys(known);
  const url = env["HOP3_API_URL"] || undefined;
  const byName = (name: string, source: string): Found<NamedServer> => {
    const server = Object.hasOwn(known, name) ? known[name] : undefined;
    if (server === undefined) throw unknownServer(name, source, names);
    return { value: { name, ...server }, source };
  };
  return firstOf<NamedServer>(
    [
      { where: "--server", look: () => (flag === undefined ? "not given" : byName(flag, "--server")) },
      {
        where: "HOP3_API_URL",
        look: () => {
          if (url === undefined) return "not set";
          // A stored token goes only to the very address it was stored for.
          const [name, stored] = Object.entries(known).find(([, server]) => server.url === url) ?? [url];
          return { value: { ...stored, name, url }, source: "HOP3_API_URL" };
        },
      },
      {
        where: "HOP3_SERVER",
        look: () => (env["HOP3_SERVER"] ? byName(env["HOP3_SERVER"], "HOP3_SERVER") : "not set"),
      },
      {
        where: "hop3.toml [contexts.NAME] server",
        look: async () => {
          const context = await currentContext();
          if (context === undefined) return "no context";
          const own = (await around.project())?.contexts.get(context)?.server;
          return own === undefined ? `context ${context} names none` : byName(own, `context ${context}`);
        },
      },
      { where: "git remote", look: async () => byRemote(known, around.remotes(), await currentContext()) },
      {
        where: "servers.toml",
        look: async () => {
          const [only, ...others] = names;
          if (only === undefined) return "no server is registered";
          if (others.length === 0) return byName(only, "the only server registered");
          const chosen = await around.chosenServer();
          if (chosen !== undefined && Object.hasOwn(known, chosen)) return byName(chosen, "`hop3 server use`");
          return `several are registered: ${names.join(", ")}`;
        },
      },
    ],
    ({ name, url: address }) => (name === address ? name : `${name} (${address})`),
  );
}

/** What to say when no place named one. */
export function noServer(known: KnownServers): AppError {
  const names = Object.keys(known);
  if (names.length === 0) return new AppError("NO_SERVER", "No server is registered.");
  return new AppError("NO_SERVER", "Several servers are registered and none is named.", {
    hint: `Name one with --server: ${names.join(", ")}.`,
  });
}

function byRemote(
  known: KnownServers,
  remotes: readonly Remote[],
  context: string | undefined,
): Found<NamedServer> | string {
  const asked = remotes.filter((remote) => context === undefined || remote.context === context);
  const matching = asked.flatMap(({ host, remote }) =>
    Object.entries(known).flatMap(([name, server]) =>
      URL.parse(server.url)?.hostname.toLowerCase() === host ? [{ name, server, remote }] : [],
    ),
  );
  const [first] = matching;
  if (asked.length === 0) return "none";
  if (first === undefined) return `no registered server is at ${asked.map(({ host }) => host).join(", ")}`;
  if (matching.some(({ name }) => name !== first.name))
    return `several servers match: ${[...new Set(matching.map(({ name }) => name))].join(", ")}`;
  return { value: { name: first.name, ...first.server }, source: `git remote ${first.remote}` };
}

function unknownServer(name: string, source: string, names: readonly string[]): AppError {
  const near = didYouMean(name, names);
  const by = source === "--server" ? "" : ` (${source})`;
  return new AppError(
    "NO_SERVER",
    `There is no server named ${quote(name)}${by}.`,
    near === undefined ? {} : { hint: `Did you mean ${near}?` },
  );
}
