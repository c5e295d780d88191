/** What was done to an app, and what happened to it: its part of the audit log. */
import { z } from "zod";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, wholeNumber } from "./shared.ts";

/** Most events of an answer. */
export const eventsMax = 1000;

const appEvent = z.object({
  seq: z.int().describe("Its number in the server's whole log"),
  at: isoTime,
  actor: z.string().describe("A user, or `hop3` for what the server saw or did by itself"),
  action: z.string().describe("Such as `app.scale`, `app.crash-loop` or `app.out-of-memory`"),
  target: z.string().nullable().describe("What of the app: a process, a release, a domain"),
  outcome: z.string().describe("`ok`, an error's code, or how it stands"),
  details: z.record(z.string(), z.unknown()),
});
export type AppEvent = z.infer<typeof appEvent>;

export const listAppEvents = defineRoute({
  method: "GET",
  path: "/apps/:app/events",
  summary:
    "What was done to an app and what happened to it: crash loops, memory that was used up, changes; the oldest first",
  action: "app.show",
  params: appParams,
  query: z.strictObject({
    lines: wholeNumber
      .refine((count) => count >= 1 && count <= eventsMax, `must be from 1 to ${eventsMax}`)
      .default(50)
      .describe(`How many of the last ones, 1 to ${eventsMax}`),
  }),
  response: z.object({ app: appName, events: z.array(appEvent) }),
});
