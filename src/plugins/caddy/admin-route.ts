/**
 * The name at which the API is served: by TLS, to `hop3d`'s own socket. That socket believes what X-Forwarded-For says
 * (server/client-address.ts), so what a client has written there, or in anything that is read like it, does not pass.
 */
import { errorTable } from "#core/errors.ts";
import type { EdgeSettings } from "#core/plugin.ts";

type Admin = NonNullable<EdgeSettings["admin"]>;

/** In front of all apps: an app of the same name does not come in its way. */
export function adminRoutes(admin: Admin | undefined, https: EdgeSettings["https"]): object[] {
  if (admin === undefined) return [];
  const host = [admin.domain];
  const port = https === undefined || https.port === 443 ? "" : `:${https.port}`;
  return [
    { match: [{ host, protocol: "https" }], handle: [toApi(admin)], terminal: true },
    // A token that came in clear is not led on as if nothing had happened.
    {
      match: [{ host, header: { Authorization: ["*"] } }],
      handle: [
        problem("DENIED", "The API is served by https:// alone. Revoke the token that has just been sent in clear."),
      ],
      terminal: true,
    },
    {
      match: [{ host }],
      handle: [
        {
          handler: "static_response",
          status_code: "308",
          headers: { Location: [`https://${admin.domain}${port}{http.request.uri}`] },
        },
      ],
      terminal: true,
    },
  ];
}

/** While `hop3d` is away. */
export function adminErrorRoutes(admin: Admin | undefined): object[] {
  if (admin === undefined) return [];
  return [
    {
      match: [{ host: [admin.domain] }],
      handle: [problem("UNAVAILABLE", "The server does not answer at the moment.")],
      terminal: true,
    },
  ];
}

function toApi({ socket }: Admin): object {
  return {
    handler: "reverse_proxy",
    upstreams: [{ dial: `unix/${socket}` }],
    load_balancing: { retries: 0 },
    headers: {
      request: {
        set: { "X-Forwarded-For": ["{http.request.remote.host}"] },
        delete: ["Forwarded", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto", "*_*"],
      },
    },
    transport: { protocol: "http", dial_timeout: "2s" },
    // Sessions live on when the routes of apps change.
    stream_close_delay: "1h",
  };
}

function problem(code: "DENIED" | "UNAVAILABLE", title: string): object {
  const { http: status, hint } = errorTable[code];
  const body = { type: `errors#${code.toLowerCase()}`, title, status, code, hint, details: [], requestId: "" };
  return {
    handler: "static_response",
    status_code: String(status),
    headers: { "Content-Type": ["application/problem+json"], "Cache-Control": ["no-store"] },
    body: JSON.stringify(body),
  };
}
