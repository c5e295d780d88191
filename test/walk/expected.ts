/** What an address should answer, by its declared action and the table that was written by hand. */
import type { Action } from "#core/actions.ts";
import { ofTheHost, rights } from "#identity/testing-rights.ts";
import type { Address } from "./ask.ts";
import { orgOf, type AppName, type Who } from "./world.ts";

export type Kind = "yes" | "401" | "no" | "hidden";

/** `app`: the one that is asked for, where the address has one; `none` for one that there is not. */
export function expected(who: Who, { action, params }: Address, app: AppName | "none" = "site"): Kind {
  if (action === undefined) throw new Error("a route declares no action");
  if (action === "public") return "yes";
  if (!who.good) return "401";
  if (action === "signed-in") return "yes";
  if (!params.includes("app") && !params.includes("repository")) return may(who, action, undefined) ? "yes" : "no";
  if (may(who, action, app)) return app === "none" ? "hidden" : "yes";
  return may(who, "app.show", app) ? "no" : "hidden";
}

/** By the table alone. Without an app: on the server. */
export function may(who: Who, action: Action, app: AppName | "none" | undefined): boolean {
  const { on, who: roles, granted = [] } = rights[action];
  if (on !== "both" && on !== (app === undefined ? "server" : "app")) return false;
  if (who.actions !== undefined && !who.actions.includes(action)) return false;
  if (who.apps !== undefined && (app === undefined ? action !== "app.list" : !who.apps.includes(app))) return false;
  if (ofTheHost.includes(action) && who.org !== "default") return false;
  if (app !== undefined && app !== "none" && orgOf[app] !== who.org) return false;
  if (roles.includes(who.role)) return true;
  return app === "site" && who.grant !== undefined && granted.includes(who.grant);
}
