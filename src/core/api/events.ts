/** What was done and what happened, to an app or on the whole server: the audit log as people look at it. */
import { z } from "zod";
import { isSince } from "../since.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, wholeNumber } from "./shared.ts";

/** Most events of an answer. */
export const eventsMax = 1000;

const credential = z.object({
  kind: z.enum(["token", "session", "key", "webhook"]),
  id: z.string().describe("As lists of tokens, sessions and keys show it"),
  name: z.string().nullable(),
});

const event = z.object({
  seq: z.int().describe("Its number in the server's whole log"),
  at: isoTime,
  actor: z.string().describe("A user, `nobody`, or `hop3` for what the server saw or did by itself"),
  action: z.string().describe("Such as `app.scale`, `app.crash-loop` or `app.out-of-memory`"),
  app: z.string().nullable(),
  target: z.string().nullable().describe("What of the app: a process, a release, a domain"),
  outcome: z.string().describe("`ok`, an error's code, or how it stands"),
  details: z.record(z.string(), z.unknown()),
  credential: credential
    .nullable()
    .describe("By what it was proved who asked; null where it is not known or not to be told"),
  address: z.string().nullable().describe("Where the request came from; null likewise"),
  request: z.string().nullable().describe("The request's id; null likewise"),
});
export type EventView = z.infer<typeof event>;

const filters = {
  user: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Only what this user did; `hop3` for the server, `nobody` for refusals"),
  action: z
    .string()
    .regex(/^[a-z][a-z-]*(?:\.[a-z][a-z-]*)*$/, "is not an action (`app.deploy`) or the beginning of some (`app.env`)")
    .max(64)
    .optional()
    .describe("Only this action, or all that begin with it and a point"),
  since: z
    .string()
    .max(40)
    .refine(isSince, "must be how long ago (`10m`, `1h30m`, `2d`) or an ISO 8601 time with its zone")
    .optional()
    .describe("Only events since then: how long ago, such as `10m`, or an ISO 8601 time with its zone"),
  lines: wholeNumber
    .refine((count) => count >= 1 && count <= eventsMax, `must be from 1 to ${eventsMax}`)
    .default(50)
    .describe(`How many of the last ones, 1 to ${eventsMax}`),
};
const appQuery = z.strictObject(filters);
const serverQuery = z.strictObject({ app: appName.optional().describe("Only this app's"), ...filters });
export type EventQuery = z.infer<typeof serverQuery>;

const resume = z.object({ "last-event-id": wholeNumber.optional().describe("Go on after this event") });

export const listAppEvents = defineRoute({
  method: "GET",
  path: "/apps/:app/events",
  summary:
    "What was done to an app and what happened to it: crash loops, memory that was used up, changes; the oldest first. Who asked from where, and what was refused to others, is told to who may read the audit log",
  action: "app.show",
  params: appParams,
  query: appQuery,
  response: z.object({ app: appName, events: z.array(event) }),
});

export const followAppEvents = defineRoute({
  method: "GET",
  path: "/apps/:app/events/stream",
  summary: "The same, and each new one as it is written",
  action: "app.show",
  params: appParams,
  query: appQuery,
  headers: resume,
  response: "sse",
  events: { event },
});

export const listEvents = defineRoute({
  method: "GET",
  path: "/events",
  summary: "The last events of the organisation and its apps: every change and every refusal; the oldest first",
  action: "audit.read",
  query: serverQuery,
  response: z.object({ events: z.array(event) }),
});

export const followEvents = defineRoute({
  method: "GET",
  path: "/events/stream",
  summary: "The same, and each new one as it is written",
  action: "audit.read",
  query: serverQuery,
  headers: resume,
  response: "sse",
  events: { event },
});
