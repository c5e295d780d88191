/** This host as the CLI's `server` commands have it. What they need is loaded when one of them is asked for. */
import { existsSync } from "node:fs";
import type { ServerHost } from "#cli/server-host.ts";
import type { installServer } from "./server-install.ts";
import type { recoverServerAdmin } from "./server-admin.ts";
import type { startServer } from "./server-start.ts";
import type { uninstallServer } from "./server-uninstall.ts";

/** The bundle of the client has no server beside it. */
const isHere = existsSync(new URL("../supervisor.ts", import.meta.url));

type Start = { readonly startServer: typeof startServer };
type Install = { readonly installServer: typeof installServer };
type Admin = { readonly recoverServerAdmin: typeof recoverServerAdmin };
type Uninstall = { readonly uninstallServer: typeof uninstallServer };

export const serverHost: ServerHost | undefined = isHere
  ? {
      start: async (say) => (await load<Start>("server-start.ts")).startServer(process.env, say),
      install: async (options) => (await load<Install>("server-install.ts")).installServer(process.env, options),
      admin: async (name) =>
        (await load<Admin>("server-admin.ts")).recoverServerAdmin(process.env, process.getuid?.() ?? 0, name),
      uninstall: async (options) => (await load<Uninstall>("server-uninstall.ts")).uninstallServer(options),
    }
  : undefined;

/** By a path that the bundler cannot follow: it would pack the whole server into the client. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(new URL(`./${file}`, import.meta.url).href)) as Module;
}
