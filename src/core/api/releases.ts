/** Releases: what served, what serves, and the way back. */
import { z } from "zod";
import { nextPage, pageQuery } from "./page.ts";
import { defineRoute } from "./route.ts";
import {
  appName,
  appParams,
  deployNumber,
  envName,
  isoTime,
  processType,
  releaseNumber,
  volumeView,
  wholeNumber,
} from "./shared.ts";

export const releaseSummary = z.object({
  release: releaseNumber,
  reason: z
    .enum(["deploy", "config", "rollback"])
    .describe("New code, other settings with the same code, or an older release brought back"),
  summary: z.string(),
  build: z.int().positive().describe("The build that it runs"),
  createdAt: isoTime,
  createdBy: z.string(),
  live: z.boolean().describe("It serves now"),
  restorable: z.boolean().describe("Its build is still here, so that it can be brought back"),
});
export type ReleaseSummary = z.infer<typeof releaseSummary>;

const releaseParams = appParams.extend({ release: wholeNumber });

export const listReleases = defineRoute({
  method: "GET",
  path: "/apps/:app/releases",
  summary: "The releases that served, the newest first",
  action: "app.show",
  params: appParams,
  query: z.strictObject(pageQuery),
  response: z.object({ app: appName, releases: z.array(releaseSummary), next: nextPage }),
});

export const showRelease = defineRoute({
  method: "GET",
  path: "/apps/:app/releases/:release",
  summary: "One release: what it runs, and the names of the variables that it carries",
  action: "app.show",
  params: releaseParams,
  response: releaseSummary.extend({
    app: appName,
    restores: releaseNumber.nullable().describe("The release that it brought back"),
    processes: z.array(z.object({ type: processType, command: z.string() })),
    cron: z.array(z.object({ name: z.string(), schedule: z.string(), timezone: z.string(), command: z.string() })),
    volumes: z.array(volumeView),
    variables: z.array(envName).describe("Those of the app; not what its files or the platform add"),
  }),
});
export type ReleaseDetails = z.infer<typeof showRelease.response>;

export const diffReleases = defineRoute({
  method: "GET",
  path: "/apps/:app/releases/:release/diff/:to",
  summary: "What differs from one release to another: build, processes, cron jobs, volumes, names of variables",
  action: "app.show",
  params: releaseParams.extend({ to: wholeNumber }),
  response: z.object({
    app: appName,
    from: releaseNumber,
    to: releaseNumber,
    build: z.object({ from: z.int(), to: z.int() }).nullable().describe("Null when both run the same build"),
    processes: z.array(
      z.object({ type: processType, from: z.string().nullable(), to: z.string().nullable() }).describe("Commands"),
    ),
    cron: z
      .array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() }))
      .describe("Cron jobs: schedule, zone, command and what else it says, as one text"),
    volumes: z
      .array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() }))
      .describe("What each is and where, as one text"),
    variables: z.array(z.object({ name: z.string(), change: z.enum(["added", "removed", "changed"]) })),
  }),
});
export type ReleaseDiff = z.infer<typeof diffReleases.response>;

export const rollback = defineRoute({
  method: "POST",
  path: "/apps/:app/rollback",
  event: "later",
  summary:
    "Bring an older release back as a new one: its build, processes and variables; no data. Follow it as a deploy",
  action: "app.deploy",
  params: appParams,
  body: z.strictObject({
    release: releaseNumber.optional().describe("The one to bring back; the one that served before unless given"),
  }),
  status: 202,
  response: z.object({ app: appName, deploy: deployNumber, restores: releaseNumber }),
});
