/**
 * The servers that this person knows: `servers.toml` in `$HOP3_CONFIG_DIR`, else `~/.config/hop3-cli`. It holds tokens, so
 * it is 0600 and a file that others can read is refused. What this version does not know of it is kept.
 *
 *   [servers.prod]
 *   url = "https://hop3.example.com"
 *   token = "..."
 *   protected = true
 */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { isAppName, quote } from "#core/names.ts";
import { badFile, changeTomlFile, isTable, readTomlFile, tableAt, textAt, type Table } from "./toml-file.ts";

export type KnownServer = {
  /** `https://host`, `http://127.0.0.1:8009` or `ssh://user@host`. */
  readonly url: string;
  readonly token?: string;
  /** Whoever changes something there is asked once more, and types what it is. */
  readonly protected?: boolean;
  /** The app that is meant where nothing else names one. */
  readonly defaultApp?: string;
  /** Port of the API on the host that an `ssh://` address leads to; 8009 unless given. */
  readonly apiPort?: number;
  /** Private key for `ssh://`; else what the system's ssh is set up with. */
  readonly sshKey?: string;
  /** PEM file with the root that the server's certificate is known by, where the system does not trust it. */
  readonly sslCert?: string;
};
export type KnownServers = Readonly<Record<string, KnownServer>>;

type Environment = Readonly<Record<string, string | undefined>>;

const serverName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Where the client's files lie; pure. */
export function configDirectory(env: Environment, home: string): string {
  return env["HOP3_CONFIG_DIR"] || join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "hop3-cli");
}

export function serversFile(env: Environment, home: string): string {
  return join(configDirectory(env, home), "servers.toml");
}

/** No file is no servers. Its keys are only those of the file. Throws INVALID_CONFIG for one that cannot be read, or that others can. */
export async function readServers(file: string): Promise<KnownServers> {
  const table = (await readTomlFile(file, true)) ?? {};
  const servers: Record<string, KnownServer> = Object.create(null) as Record<string, KnownServer>;
  for (const [name, entry] of Object.entries(tableAt(file, table, "servers"))) {
    if (!serverName.test(name)) throw badFile(file, `${file}: ${quote(name)} is not a valid server name`);
    if (!isTable(entry)) throw badFile(file, `${file}: server ${quote(name)} is no table`);
    servers[name] = readServer(file, name, entry);
  }
  return servers;
}

/** Adds or replaces one server; what is not given stays as it was, and null takes it away. Throws USAGE for a name that is none. */
export async function saveServer(
  file: string,
  name: string,
  server: { readonly [Key in keyof KnownServer]?: KnownServer[Key] | null },
): Promise<void> {
  if (!serverName.test(name)) {
    throw new AppError("USAGE", `${quote(name)} is not a valid server name.`, {
      hint: "Use letters, digits, dots, hyphens and underscores, 64 at most.",
    });
  }
  const change = Object.entries(server).map(([key, value]) => [fileKeys[key as keyof KnownServer], value] as const);
  await changeTomlFile(
    file,
    (table) => {
      const servers = tableAt(file, table, "servers");
      const before = Object.hasOwn(servers, name) ? tableAt(file, servers, name) : {};
      const after: Record<string, unknown> = { ...before };
      for (const [key, value] of change) {
        if (value === null) delete after[key];
        else if (value !== undefined) after[key] = value;
      }
      return { ...table, servers: { ...servers, [name]: after } };
    },
    true,
  );
}

/** Forgets one server with its token; false when it is not known. */
export async function forgetServer(file: string, name: string): Promise<boolean> {
  let found = false;
  await changeTomlFile(
    file,
    (table) => {
      const servers = tableAt(file, table, "servers");
      found = Object.hasOwn(servers, name);
      if (!found) return undefined;
      return { ...table, servers: Object.fromEntries(Object.entries(servers).filter(([one]) => one !== name)) };
    },
    true,
  );
  return found;
}

const fileKeys = {
  url: "url",
  token: "token",
  protected: "protected",
  defaultApp: "default_app",
  apiPort: "api_port",
  sshKey: "ssh_key",
  sslCert: "ssl_cert",
} as const satisfies Record<keyof KnownServer, string>;

function readServer(file: string, name: string, entry: Table): KnownServer {
  const where = (key: string) => `\`${key}\` of server ${quote(name)}`;
  const text = (key: string) => textAt(file, entry, key, where(key));
  const url = text("url");
  if (url === undefined) throw badFile(file, `${file}: server ${quote(name)} has no url`);
  const isProtected = entry["protected"] ?? false;
  if (typeof isProtected !== "boolean") throw badFile(file, `${file}: ${where("protected")} must be true or false`);
  const apiPort = entry["api_port"];
  if (apiPort !== undefined && !(Number.isInteger(apiPort) && Number(apiPort) > 0 && Number(apiPort) < 65_536))
    throw badFile(file, `${file}: ${where("api_port")} must be a port`);
  if (entry["verify_ssl"] === false) {
    throw new AppError("INVALID_CONFIG", `${file}: ${where("verify_ssl")} is false, and a token goes to no stranger.`, {
      hint: `Give the authority's certificate instead: \`ssl_cert = "/path/root.pem"\`.`,
    });
  }
  const defaultApp = text("default_app");
  if (defaultApp !== undefined && !isAppName(defaultApp))
    throw badFile(file, `${file}: ${where("default_app")} is no app name`);
  const token = text("token");
  const sshKey = text("ssh_key");
  const sslCert = text("ssl_cert");
  return {
    url,
    ...(token === undefined ? {} : { token }),
    ...(isProtected ? { protected: true } : {}),
    ...(defaultApp === undefined ? {} : { defaultApp }),
    ...(apiPort === undefined ? {} : { apiPort: Number(apiPort) }),
    ...(sshKey === undefined ? {} : { sshKey }),
    ...(sslCert === undefined ? {} : { sslCert }),
  };
}
