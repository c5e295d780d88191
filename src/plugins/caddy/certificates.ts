/**
 * Whose certificates the domains of apps have. Caddy gets and renews each by itself, beside serving: a domain that no
 * authority gives one for keeps none of the others waiting, and is tried again.
 */
import type { AcmeSettings, EdgeSettings } from "#core/plugin.ts";

/** TLS with whatever certificate there is for the name; a name that has none gets no handshake. */
export function tlsPolicies({ https }: EdgeSettings): object {
  return https === undefined ? {} : { tls_connection_policies: [{}] };
}

/** Caddy's apps `tls` and `pki`; nothing where HTTPS is not served. */
export function certificates(domains: readonly string[], { https, httpPort }: EdgeSettings): object {
  if (https === undefined) return {};
  // Caddy refuses a document that names one twice.
  const names = [...new Set(domains)].toSorted();
  const { acme, port } = https;
  const asked = acme === undefined ? [] : names.filter((name) => !isLocal(name));
  return {
    tls: {
      certificates: { automate: names },
      automation: {
        policies: [
          // Without subjects it would be for all names.
          ...(acme === undefined || asked.length === 0
            ? []
            : [{ subjects: asked, issuers: [acmeIssuer(acme, { httpPort, httpsPort: port })] }]),
          { issuers: [{ module: "internal" }] },
        ],
      },
    },
    // Neither the host nor anybody's browser is made to trust it.
    pki: { certificate_authorities: { local: { install_trust: false } } },
  };
}

/** No authority gives one for them: they lead everybody to his own machine, or nowhere (RFC 6761). */
function isLocal(name: string): boolean {
  return !name.includes(".") || name.endsWith(".localhost");
}

/** The ports are those that Caddy listens on; the authority comes by 80 and 443, wherever these are led from. */
function acmeIssuer(
  { email, directory, root }: AcmeSettings,
  { httpPort, httpsPort }: { readonly httpPort: number; readonly httpsPort: number },
): object {
  return {
    module: "acme",
    ca: directory,
    email,
    ...(root === undefined ? {} : { trusted_roots_pem_files: [root] }),
    challenges: { http: { alternate_port: httpPort }, "tls-alpn": { alternate_port: httpsPort } },
  };
}
