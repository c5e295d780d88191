/** Every plugin that comes with Hop3, and nothing else. */
import type { Builder, Plugin, Proxy } from "#core/plugin.ts";
import { caddy } from "./caddy/index.ts";
import { generic } from "./generic/index.ts";
import { node } from "./node/index.ts";
import { python } from "./python/index.ts";
import { staticSite } from "./static/index.ts";

const plugins: readonly Plugin[] = [caddy, python, node, staticSite, generic];

export const builders: readonly Builder[] = plugins.flatMap((plugin) => plugin.builders ?? []);
export const proxies: readonly Proxy[] = plugins.flatMap((plugin) => plugin.proxies ?? []);
