/** The edge by Caddy 2.11: HTTP, HTTPS with its certificates, routing, static files. Owns the form of Caddy's document; knows nothing of deploys. */
import { pluginApiVersion, type Plugin } from "#core/plugin.ts";
import { loadDocument } from "./load.ts";
import { renderDocument } from "./render.ts";

export const caddy = {
  name: "caddy",
  api: pluginApiVersion,
  proxies: [{ name: "caddy", render: renderDocument, load: loadDocument }],
} satisfies Plugin;
