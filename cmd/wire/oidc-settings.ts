/** The settings of single sign-on, from the environment and back to it. */
import { readFileSync, statSync } from "node:fs";
import { AppError, isNodeError } from "#core/errors.ts";
import { isHostName } from "#core/names.ts";
import { isPlainLoopback } from "#identity/oidc-fetch.ts";
import { newUserRoles, type OidcSettings } from "#identity/oidc-settings.ts";
import { type Environment, whole } from "./number-settings.ts";

const prefix = "HOP3_OIDC_";
const names = [
  "ISSUER",
  "CLIENT_ID",
  "CLIENT_SECRET",
  "CLIENT_SECRET_FILE",
  "CLIENT_AUTH",
  "SCOPES",
  "GROUPS_CLAIM",
  "AUDIENCE",
  "EMAIL_DOMAINS",
  "NEW_USERS",
  "SESSION_HOURS",
] as const;
type Name = (typeof names)[number];

const secretMax = 4096;

/**
 * Undefined where there is no single sign-on. Throws INVALID_INPUT that names the variable, and for one that is none: a
 * slip in the name of the one that keeps people out would let them in.
 */
export function readOidcSettings(env: Environment): OidcSettings | undefined {
  const set = Object.keys(env).filter((name) => name.startsWith(prefix) && (env[name] ?? "") !== "");
  const unknown = set.find((name) => !(names as readonly string[]).includes(name.slice(prefix.length)));
  if (unknown !== undefined)
    throw bad(`${unknown} is no setting; there are ${names.map((name) => prefix + name).join(", ")}.`);
  const value = (name: Name): string | undefined => env[prefix + name] || undefined;
  const issuer = value("ISSUER");
  const clientId = value("CLIENT_ID");
  if (issuer === undefined) {
    if (set[0] !== undefined) throw bad(`${set[0]} needs HOP3_OIDC_ISSUER: without it there is no single sign-on.`);
    return undefined;
  }
  if (!isIssuer(issuer))
    throw bad("HOP3_OIDC_ISSUER must be the https:// URL of the provider, without query; http:// for 127.0.0.1 alone.");
  if (clientId === undefined || !/^[\x20-\x7e]{1,255}$/.test(clientId))
    throw bad("HOP3_OIDC_CLIENT_ID must be the name that the provider knows this server by.");
  return {
    issuer,
    clientId,
    secret: secretOf(value("CLIENT_SECRET"), value("CLIENT_SECRET_FILE")),
    clientAuth: clientAuthOf(value("CLIENT_AUTH")),
    scopes: scopesOf(value("SCOPES")),
    groupsClaim: claimOf(value("GROUPS_CLAIM")),
    audiences: audiencesOf(value("AUDIENCE")),
    emailDomains: domainsOf(value("EMAIL_DOMAINS")),
    newUsers: newUsersOf(value("NEW_USERS")),
    sessionSeconds: 3600 * whole(env, "HOP3_OIDC_SESSION_HOURS", { unlessSet: 24, min: 1, max: 720, what: "a number" }),
  };
}

/** The same settings as variables. */
export function oidcEnvironment(settings: OidcSettings | undefined): Record<string, string> {
  if (settings === undefined) return {};
  const { secret, groupsClaim, audiences, emailDomains } = settings;
  const all: Readonly<Record<Name, string | undefined>> = {
    ISSUER: settings.issuer,
    CLIENT_ID: settings.clientId,
    CLIENT_SECRET: secret !== undefined && "value" in secret ? secret.value : undefined,
    CLIENT_SECRET_FILE: secret !== undefined && "file" in secret ? secret.file : undefined,
    CLIENT_AUTH: settings.clientAuth,
    SCOPES: settings.scopes.join(" "),
    GROUPS_CLAIM: groupsClaim,
    AUDIENCE: audiences.join(",") || undefined,
    EMAIL_DOMAINS: emailDomains.join(",") || undefined,
    NEW_USERS: settings.newUsers,
    SESSION_HOURS: String(settings.sessionSeconds / 3600),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[prefix + name, text]])),
  );
}

/** The client's secret as it is now. Throws INVALID_CONFIG for a file that is none, or that everybody can read. */
export function readOidcSecret({ secret }: Pick<OidcSettings, "secret">): string | undefined {
  if (secret === undefined || "value" in secret) return secret?.value;
  const { file } = secret;
  const refused = (why: string, hint: string, cause?: unknown) =>
    new AppError("INVALID_CONFIG", `HOP3_OIDC_CLIENT_SECRET_FILE: ${file} ${why}.`, { hint, cause });
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o007) !== 0) throw refused("can be read by everybody", `chmod o= ${file}`);
    if (size > secretMax) throw refused(`has more than ${secretMax} bytes`, "It holds the secret and nothing else.");
    const text = readFileSync(file, "utf8").trim();
    if (!isSecret(text)) throw refused("holds no secret", "It holds the client's secret in one line.");
    return text;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const why = isNodeError(error) && error.code === "ENOENT" ? "is not there" : "cannot be read";
    throw refused(why, "The user that hop3d runs as must be able to read it.", error);
  }
}

function bad(message: string): AppError {
  return new AppError("INVALID_INPUT", message);
}

function isIssuer(text: string): boolean {
  if (!/^https?:\/\/[!-~]{1,2000}$/.test(text) || /[?#@\\]/.test(text) || !URL.canParse(text)) return false;
  return text.startsWith("https://") || isPlainLoopback(text);
}

function isSecret(text: string): boolean {
  return /^[\x20-\x7e]{1,4096}$/.test(text);
}

function secretOf(value: string | undefined, file: string | undefined): OidcSettings["secret"] {
  if (value !== undefined && file !== undefined)
    throw bad("HOP3_OIDC_CLIENT_SECRET and HOP3_OIDC_CLIENT_SECRET_FILE are two ways to say one thing: keep one.");
  if (value !== undefined && !isSecret(value))
    throw bad("HOP3_OIDC_CLIENT_SECRET must be one line of printable ASCII.");
  if (file !== undefined && (!file.startsWith("/") || /[^\P{Cc}]/u.test(file)))
    throw bad("HOP3_OIDC_CLIENT_SECRET_FILE must be an absolute path.");
  return file !== undefined ? { file } : value !== undefined ? { value } : undefined;
}

function clientAuthOf(text: string | undefined): OidcSettings["clientAuth"] {
  if (text === undefined || text === "basic" || text === "post") return text;
  throw bad("HOP3_OIDC_CLIENT_AUTH must be basic or post, as the client is registered.");
}

// RFC 6749, 3.3.
function scopesOf(text = "openid profile email"): readonly string[] {
  const scopes = text.split(" ").filter((scope) => scope !== "");
  if (!scopes.includes("openid") || scopes.some((scope) => !/^[!#-[\]-~]{1,255}$/.test(scope)))
    throw bad("HOP3_OIDC_SCOPES must be scopes with spaces between them, `openid` among them.");
  return scopes;
}

function claimOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\x21-\x7e]{1,255}$/.test(text))
    throw bad("HOP3_OIDC_GROUPS_CLAIM must be the name of a claim.");
  return text;
}

function audiencesOf(text: string | undefined): readonly string[] {
  const audiences = listOf(text);
  if (audiences.some((one) => !/^[\x21-\x7e]{1,255}$/.test(one)))
    throw bad("HOP3_OIDC_AUDIENCE must be the audiences that an ID token may have beside this client, with commas.");
  return audiences;
}

function domainsOf(text: string | undefined): readonly string[] {
  const domains = listOf(text).map((domain) => domain.toLowerCase());
  if (domains.some((domain) => !isHostName(domain)))
    throw bad("HOP3_OIDC_EMAIL_DOMAINS must be domains such as example.com, with commas between them.");
  if (text !== undefined && domains.length === 0) throw bad("HOP3_OIDC_EMAIL_DOMAINS names no domain.");
  return domains;
}

function newUsersOf(text = "refuse"): OidcSettings["newUsers"] {
  const found = (["refuse", ...newUserRoles] as const).find((one) => one === text);
  if (found !== undefined) return found;
  throw bad(`HOP3_OIDC_NEW_USERS must be refuse or one of ${newUserRoles.join(", ")}; an admin is made by an admin.`);
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
