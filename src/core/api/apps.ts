/** Apps: what exists, how it is, and the verbs that run on the whole of it. */
import { z } from "zod";
import { deploySummary } from "./deploys.ts";
import { nextPage, pageQuery } from "./page.ts";
import { processView } from "./processes.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, releaseNumber } from "./shared.ts";

/** `new`: no release yet. `running`: every wanted instance is. `degraded`: some are not. `failed`: none is. */
export const appState = z.enum(["new", "starting", "running", "degraded", "stopping", "stopped", "failed"]);
export type AppState = z.infer<typeof appState>;

/** A process that ends again and again, without a minute of service between. */
export const crashLoop = z.object({
  process: z.string().describe("`web.1`"),
  givenUp: z.boolean().describe("It is not tried again by itself"),
  restarts: z.int().describe("How often it was restarted in a row"),
  lastExit: z.string().nullable().describe("How it last ended, for example `exit 1`"),
  nextTry: isoTime.nullable().describe("When it is started again, while it waits for that"),
});
export type CrashLoop = z.infer<typeof crashLoop>;

export const appSummary = z.object({
  app: appName,
  state: appState,
  crashLoops: z.array(crashLoop).describe("What keeps ending; such a process does not count as running"),
  urls: z
    .array(z.string())
    .describe(
      "Where it answers, the one to show first; none before the first release, and for what serves nothing over HTTP",
    ),
  release: releaseNumber.nullable(),
  /** ISO time of the last release. */
  deployedAt: isoTime.nullable(),
});
export type AppSummary = z.infer<typeof appSummary>;

export const appDetails = appSummary.extend({
  createdAt: isoTime,
  builder: z.string().nullable().describe("What built the live release, for example `python`"),
  lastDeploy: deploySummary.nullable(),
  processes: z.array(processView),
  notes: z.array(z.string()).describe("What this server cannot enforce for the app, and what needs attention"),
});
export type AppDetails = z.infer<typeof appDetails>;

export const listApps = defineRoute({
  method: "GET",
  path: "/apps",
  summary: "All apps that the caller may see",
  action: "app.list",
  query: z.strictObject(pageQuery),
  response: z.object({ apps: z.array(appSummary), next: nextPage }),
});

export const showApp = defineRoute({
  method: "GET",
  path: "/apps/:app",
  summary: "One app: state, URLs, release, last deploy, processes with their instances",
  action: "app.show",
  params: appParams,
  response: appDetails,
});

export const createApp = defineRoute({
  method: "PUT",
  path: "/apps/:app",
  summary: "Make an app that has no release yet, so that it can have variables and domains before its first deploy",
  action: "app.deploy",
  params: appParams,
  response: z.object({ app: appName, created: z.boolean().describe("False for one that was there") }),
});

export const destroyApp = defineRoute({
  method: "DELETE",
  path: "/apps/:app",
  summary: "Remove an app with its code, data, environment and routes",
  action: "app.destroy",
  params: appParams,
  query: z.strictObject({ confirm: z.string().max(64).describe("Must equal the app's name") }),
  response: z.object({ app: appName, removed: z.array(z.string()).describe("What was removed, a line each") }),
});

export const startApp = defineRoute({
  method: "POST",
  path: "/apps/:app/start",
  summary: "Start a stopped app; answers when it is ready",
  action: "app.operate",
  params: appParams,
  response: appSummary,
});

export const stopApp = defineRoute({
  method: "POST",
  path: "/apps/:app/stop",
  summary: "Stop an app; it stays stopped until started",
  action: "app.operate",
  params: appParams,
  response: appSummary,
});

export const restartApp = defineRoute({
  method: "POST",
  path: "/apps/:app/restart",
  summary: "New instances first, then the old ones are drained; answers when done",
  action: "app.operate",
  params: appParams,
  response: appSummary,
});

export const reloadApp = defineRoute({
  method: "POST",
  path: "/apps/:app/reload",
  summary: "As a restart, one instance after the other; stops at the first new one that fails",
  action: "app.operate",
  params: appParams,
  response: appSummary,
});

export const resetRestarts = defineRoute({
  method: "POST",
  path: "/apps/:app/reset-restarts",
  summary:
    "Try again at once what waits for its restart, has ended for good or was given up; counts restarts from 0. Does not wait until it is up",
  action: "app.operate",
  params: appParams,
  response: appSummary,
});

export const pingApp = defineRoute({
  method: "POST",
  path: "/apps/:app/ping",
  event: "none",
  summary: "One HTTP request to the app through the edge",
  action: "app.show",
  params: appParams,
  response: z.object({
    app: appName,
    url: z.string(),
    status: z.int().describe("HTTP status that the app answered"),
    ms: z.number().describe("Milliseconds to the head of the answer"),
  }),
});
