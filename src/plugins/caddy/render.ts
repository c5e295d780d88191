/**
 * Routes to Caddy's JSON document, purely. What moves at a deploy (which instance answers) is not in here: each upstream
 * dials the address that a slot file holds at that moment (docs/adr/0001), and static files are served through a link
 * that is replaced. So the document changes only when apps, domains or prefixes do.
 */
import type { EdgeRoute, EdgeSettings } from "#core/plugin.ts";
import { adminErrorRoutes, adminRoutes } from "./admin-route.ts";
import { certificates, tlsPolicies } from "./certificates.ts";
import { slotCount, slotFile } from "#core/slots.ts";

/** Ends an idle connection to an instance soon, so that a drained one shows none (docs/adr/0001). */
const upstreamIdle = "1s";

/** After a document change (an app or a domain came or went), streams through the old one live on this long. */
const streamCloseDelay = "1h";

/** Sockets are for the group of their directory: in user mode nobody else passes it, in system mode `hop3d` does. */
export function renderDocument(routes: readonly EdgeRoute[], settings: EdgeSettings): string {
  const sorted = routes
    .filter((route) => route.domains.length > 0)
    .toSorted((a, b) => (a.app < b.app ? -1 : a.app > b.app ? 1 : 0));
  const document = {
    admin: { listen: `unix/${settings.adminSocket}|0660`, origins: ["hop3"], config: { persist: false } },
    logging: { logs: { default: { level: "WARN", encoder: { format: "json" } } } },
    storage: { module: "file_system", root: settings.storage },
    apps: {
      http: {
        // One server for both: Caddy speaks TLS wherever it listens but on `http_port`.
        http_port: settings.httpPort,
        ...(settings.https === undefined ? {} : { https_port: settings.https.port }),
        servers: {
          edge: {
            listen: [settings.httpPort, ...(settings.https === undefined ? [] : [settings.https.port])].map(
              (port) => `:${port}`,
            ),
            protocols: ["h1", "h2", "h2c"],
            // No redirects: an app is reached by both. Whose certificates there are is said below.
            automatic_https: { disable: true },
            ...tlsPolicies(settings),
            routes: [
              ...adminRoutes(settings.admin, settings.https),
              ...sorted.map(appRoute),
              { handle: [answer(404, "No app answers to this host name.\n")] },
            ],
            errors: {
              routes: [
                ...adminErrorRoutes(settings.admin),
                ...sorted.flatMap(errorRoutes),
                { handle: [answer("{http.error.status_code}", "")] },
              ],
            },
          },
          fence: {
            listen: [`unix/${settings.fenceSocket}|0660`],
            protocols: ["h1"],
            automatic_https: { disable: true },
            routes: [{ handle: [answer(200, `{file.${settings.fenceFile}}`)] }],
          },
        },
      },
      ...certificates(
        [...(settings.admin === undefined ? [] : [settings.admin.domain]), ...sorted.flatMap((route) => route.domains)],
        settings,
      ),
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function appRoute(route: EdgeRoute): object {
  const prefixes = Object.keys(route.staticPaths).toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const inner: object[] = prefixes.map((prefix) => staticRoute(prefix, route.staticPaths[prefix] ?? ""));
  if (route.slots !== undefined) inner.push({ handle: [reverseProxy(route.slots)] });
  return {
    match: [{ host: route.domains }],
    handle: [{ handler: "subroute", routes: inner }],
    terminal: true,
  };
}

function reverseProxy(slots: string): object {
  return {
    handler: "reverse_proxy",
    upstreams: Array.from({ length: slotCount }, (_, slot) => ({ dial: `{file.${slotFile(slots, slot)}}` })),
    // No retries: a repeated POST would run twice.
    load_balancing: { selection_policy: { policy: "round_robin" }, retries: 0 },
    transport: {
      protocol: "http",
      dial_timeout: "2s",
      keep_alive: { idle_timeout: upstreamIdle, max_idle_conns_per_host: 256 },
    },
    stream_close_delay: streamCloseDelay,
  };
}

/** Names that begin with a dot hold settings and history, not pages; /.well-known/ is the exception (RFC 8615). */
const dotFile = { path_regexp: { pattern: "/\\." }, not: [{ path: ["/.well-known/*"] }] };

function staticRoute(prefix: string, directory: string): object {
  const base = prefix.replace(/\/+$/, "");
  const serve = [
    { handler: "subroute", routes: [{ match: [dotFile], handle: [{ handler: "error", status_code: "404" }] }] },
    { handler: "encode", encodings: { gzip: {}, zstd: {} }, prefer: ["zstd", "gzip"] },
    { handler: "file_server", root: literal(directory), index_names: ["index.html"] },
  ];
  if (base === "") return { handle: serve, terminal: true };
  return {
    match: [{ path: [base, `${base}/*`] }],
    handle: [{ handler: "rewrite", strip_path_prefix: base }, ...serve],
    terminal: true,
  };
}

/** A site's own 404.html, and a plain sentence when no instance of an app answers. */
function errorRoutes(route: EdgeRoute): object[] {
  const routes: object[] = [];
  const directory = route.staticPaths["/"];
  if (directory !== undefined) {
    const root = literal(directory);
    routes.push({
      match: [
        {
          host: route.domains,
          file: { root, try_files: ["/404.html"] },
          vars: { "{http.error.status_code}": ["404"] },
        },
      ],
      handle: [
        { handler: "rewrite", uri: "/404.html" },
        { handler: "file_server", root, status_code: "404" },
      ],
      terminal: true,
    });
  }
  if (route.slots !== undefined) {
    routes.push({
      match: [{ host: route.domains, vars: { "{http.error.status_code}": ["502", "503", "504"] } }],
      handle: [answer("{http.error.status_code}", "The app does not answer at the moment.\n")],
      terminal: true,
    });
  }
  return routes;
}

/**
 * A path in which Caddy sees no placeholder: `{http.request.header.x}` as a directory's name would let every visitor choose
 * what is served. The paths of an app's own choice hold no brace (core/app-config/paths.ts); this is the second lock.
 */
function literal(path: string): string {
  return path.replaceAll("{", String.raw`\{`);
}

function answer(status: number | string, body: string): object {
  return {
    handler: "static_response",
    status_code: String(status),
    headers: { "Content-Type": ["text/plain; charset=utf-8"] },
    body,
  };
}
