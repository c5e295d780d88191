/**
 * The servers that this person knows: `servers.toml` in `$HOP3_CONFIG_DIR`, else `~/.config/hop3-cli`. It holds tokens, so
 * it is 0600 and a file that others can read is refused.
 *
 *   [servers.prod]
 *   url = "https://hop3.example.com"
 *   token = "..."
 */
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";

export type KnownServer = { readonly url: string; readonly token?: string };
export type KnownServers = Readonly<Record<string, KnownServer>>;

const serverName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Where the file lies; pure. */
export function serversFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(
    env["HOP3_CONFIG_DIR"] || join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "hop3-cli"),
    "servers.toml",
  );
}

/** No file is no servers. Throws INVALID_CONFIG for one that cannot be read, or that others can. */
export async function readServers(file: string): Promise<KnownServers> {
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new AppError("INVALID_CONFIG", `${file} can be read by others, and it holds tokens.`, {
        hint: `chmod 600 ${file}`,
      });
    }
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return {};
    throw error;
  }
  const { parse } = await import("smol-toml");
  const bad = (why: string, cause?: unknown) =>
    new AppError("INVALID_CONFIG", `${file}: ${why}.`, { hint: "Mend it, or remove it and log in again.", cause });
  let table: unknown;
  try {
    table = parse(text)["servers"] ?? {};
  } catch (cause) {
    throw bad("not valid TOML", cause);
  }
  const servers: Record<string, KnownServer> = {};
  for (const [name, entry] of Object.entries(table as object) as [string, Record<string, unknown>][]) {
    const { url, token } = entry;
    if (typeof url !== "string") throw bad(`server ${quote(name)} has no url`);
    if (token !== undefined && typeof token !== "string") throw bad(`the token of server ${quote(name)} is not text`);
    servers[name] = token === undefined ? { url } : { url, token };
  }
  return servers;
}

/** Adds or replaces one server. Throws USAGE for a name that is none. */
export async function saveServer(file: string, name: string, server: KnownServer): Promise<void> {
  if (!serverName.test(name)) {
    throw new AppError("USAGE", `${quote(name)} is not a valid server name.`, {
      hint: "Use letters, digits, dots, hyphens and underscores, 64 at most.",
    });
  }
  const servers = { ...(await readServers(file)), [name]: server };
  const { stringify } = await import("smol-toml");
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, stringify({ servers }), 0o600);
}
