/** The host names and URLs of an app. */
import { createHash } from "node:crypto";
import type { EdgeSettings } from "#core/plugin.ts";

/** Longest label of a host name (RFC 1035); an app's name may be one longer. */
const labelMax = 63;

/** `<app>.<baseDomain>`; a name too long for a label is cut and told apart by a hash. */
export function defaultDomain(app: string, baseDomain: string): string {
  if (app.length <= labelMax) return `${app}.${baseDomain}`;
  const hash = createHash("sha256").update(app).digest("hex").slice(0, 8);
  return `${app.slice(0, labelMax - 9)}-${hash}.${baseDomain}`;
}

export function urlOf(domain: string, edge: EdgeSettings): string {
  return `http://${domain}${edge.httpPort === 80 ? "" : `:${edge.httpPort}`}`;
}
