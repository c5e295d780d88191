/** This host as the CLI's `server` commands have it. What they need is loaded when one of them is asked for. */
import { existsSync } from "node:fs";
import type { ServerHost } from "#cli/server-host.ts";
import type { startServer } from "./server-start.ts";

/** The bundle of the client has no server beside it. */
const isHere = existsSync(new URL("../supervisor.ts", import.meta.url));

export const serverHost: ServerHost | undefined = isHere
  ? {
      start: async (say) => (await load<StartModule>("server-start.ts")).startServer(process.env, say),
    }
  : undefined;

type StartModule = { readonly startServer: typeof startServer };

/** By a path that the bundler cannot follow: it would pack the whole server into the client. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(new URL(`./${file}`, import.meta.url).href)) as Module;
}
