/** The settings of HTTPS, from the environment and back to it. */
import { readFileSync, statSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { dirname } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { isHostName } from "#core/names.ts";
import type { AcmeSettings, HttpsSettings } from "#core/plugin.ts";
import { whole, type Environment } from "./number-settings.ts";

/** The word for HTTPS that is not to be served. */
const none = "none";

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** Undefined where HTTPS is not served: in user mode unless a port is named. Throws INVALID_INPUT that names the variable. */
export function readHttpsSettings(env: Environment, mode: "user" | "system"): HttpsSettings | undefined {
  const acme = readAcme(env);
  const wanted = env["HOP3_HTTPS_PORT"] || (mode === "system" ? "443" : none);
  if (wanted === none) return undefined;
  return {
    port: whole({ HOP3_HTTPS_PORT: wanted }, "HOP3_HTTPS_PORT", {
      unlessSet: 443,
      min: 1,
      max: 65_535,
      what: `${none} or a port`,
    }),
    ...(acme === undefined ? {} : { acme }),
  };
}

/** The same settings as variables. */
export function httpsEnvironment(https: HttpsSettings | undefined): Record<string, string> {
  if (https === undefined) return { HOP3_HTTPS_PORT: none };
  const { port: number, acme } = https;
  return {
    HOP3_HTTPS_PORT: String(number),
    ...(acme === undefined ? {} : { HOP3_ACME_EMAIL: acme.email, HOP3_ACME_CA: acme.directory }),
    ...(acme?.root === undefined ? {} : { HOP3_ACME_ROOT: acme.root }),
  };
}

/**
 * The edge would not start with a file that it cannot read, and no app would be served: so it is looked at before. It runs
 * as another user in system mode. Throws INVALID_CONFIG.
 */
export function checkAcmeRoot(https: HttpsSettings | undefined, mode: "user" | "system"): void {
  const file = https?.acme?.root;
  if (file === undefined) return;
  try {
    if (mode === "system" && !isForAll(file))
      throw new AppError("INVALID_CONFIG", `HOP3_ACME_ROOT: ${file} cannot be read by the edge's user.`, {
        hint: "Let everybody read it, and pass the directories above it: a certificate is no secret.",
      });
    void new X509Certificate(readFileSync(file));
  } catch (error) {
    if (error instanceof AppError) throw error;
    const why = isNodeError(error) && error.code === "ENOENT" ? "is not there" : "holds no certificate in PEM";
    throw new AppError("INVALID_CONFIG", `HOP3_ACME_ROOT: ${file} ${why}.`, {
      hint: "Name a PEM file with the authority's root, or leave it out when the host trusts that.",
      cause: error,
    });
  }
}

function isForAll(file: string): boolean {
  if ((statSync(file).mode & 0o004) === 0) return false;
  for (let above = dirname(file); ; above = dirname(above)) {
    if ((statSync(above).mode & 0o001) === 0) return false;
    if (above === "/") return true;
  }
}

function readAcme(env: Environment): AcmeSettings | undefined {
  const email = env["HOP3_ACME_EMAIL"] || undefined;
  const directory = env["HOP3_ACME_CA"] || undefined;
  const root = env["HOP3_ACME_ROOT"] || undefined;
  if (email === undefined) {
    const alone = directory !== undefined ? "HOP3_ACME_CA" : root !== undefined ? "HOP3_ACME_ROOT" : undefined;
    if (alone === undefined) return undefined;
    throw new AppError("INVALID_INPUT", `${alone} needs HOP3_ACME_EMAIL: without it no authority is asked.`);
  }
  const [, local = "", host = ""] = /^([^@]+)@([^@]+)$/.exec(email) ?? [];
  // Caddy would take braces for a placeholder, here and below.
  if (!/^[\w.!#$%&'*+/=?^`|~-]{1,64}$/.test(local) || !isHostName(host.toLowerCase()))
    throw new AppError("INVALID_INPUT", "HOP3_ACME_EMAIL is not a valid e-mail address.");
  if (directory !== undefined && !isHttpsUrl(directory))
    throw new AppError("INVALID_INPUT", "HOP3_ACME_CA must be the https:// URL of an ACME directory.");
  if (root !== undefined && (!root.startsWith("/") || /[{}\\]|[^\P{Cc}]/u.test(root)))
    throw new AppError("INVALID_INPUT", "HOP3_ACME_ROOT must be an absolute path without {, } or \\.");
  return { email, directory: directory ?? letsEncrypt, ...(root === undefined ? {} : { root }) };
}

function isHttpsUrl(text: string): boolean {
  return /^https:\/\/[!-z|~]+$/.test(text) && text.length <= 2000 && URL.canParse(text);
}
