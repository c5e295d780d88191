/**
 * The addresses that git talks to. They answer in git's own protocol and not in JSON, so they are no routes of the API; what
 * one must be allowed to do is declared here all the same, and the way in by SSH asks for the same.
 */
import type { Action } from "../actions.ts";
import { isAppName } from "../names.ts";
import type { Route } from "./route.ts";

/** What git calls a fetch, and a push. */
export const gitServices = ["git-upload-pack", "git-receive-pack"] as const;
export type GitService = (typeof gitServices)[number];

export const gitActions: Readonly<Record<GitService, Action>> = {
  "git-upload-pack": "app.source.read",
  "git-receive-pack": "app.deploy",
};

/** `:repository` in its path is `APP.git`, or `APP`. What the audit log is told of a push comes from its deploy. */
export type GitRoute = Route & { readonly service: GitService };

const route = (method: "GET" | "POST", end: string, service: GitService, summary: string): GitRoute => ({
  method,
  path: `/git/:repository/${end}`,
  service,
  summary,
  action: gitActions[service],
  response: "text",
  contentType: `application/x-${service}-${method === "GET" ? "advertisement" : "result"}`,
  event: service === "git-receive-pack" ? "later" : "none",
});

/** Of those with one path, `service` in the query says which is meant. */
export const gitRoutes: Readonly<Record<string, GitRoute>> = {
  offerFetch: route("GET", "info/refs", "git-upload-pack", "What there is to fetch"),
  offerPush: route("GET", "info/refs", "git-receive-pack", "What a push would change"),
  fetch: route("POST", "git-upload-pack", "git-upload-pack", "Fetch or clone the app's history"),
  push: route("POST", "git-receive-pack", "git-receive-pack", "Push; the app's branch is deployed"),
};

/** The app that a repository's name is for: `blog.git`, `blog`. Undefined for what names none. */
export function appOfRepository(name: string): string | undefined {
  const app = name.replace(/\.git$/, "");
  return isAppName(app) ? app : undefined;
}
