/** What an app and its builds have printed. Each log has two routes: the last lines, and the lines as they come. */
import { z } from "zod";
import { isSince } from "../since.ts";
import { logGrepMax, logLinesMax, logPositionsMax } from "./prefix.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, wholeNumber } from "./shared.ts";

export const logLine = z.object({
  at: isoTime,
  source: z.string().describe("`web.1` for a process, the step's name for a build, the service for the system"),
  stream: z.enum(["stdout", "stderr", "hop3"]),
  text: z.string(),
});
export type LogLine = z.infer<typeof logLine>;

const lineCount = wholeNumber.refine((count) => count >= 1 && count <= logLinesMax, `must be from 1 to ${logLinesMax}`);

export const lastLines = lineCount.default(100).describe(`How many of the last lines, 1 to ${logLinesMax}`);

const logQuery = z.strictObject({
  lines: lineCount
    .optional()
    .describe(`How many of the last lines, 1 to ${logLinesMax}; 100 unless said, with \`since\` ${logLinesMax}`),
  process: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}(?:\.[A-Za-z0-9_-]{1,64})?$/, "is not a process (`web`) or an instance (`web.1`)")
    .optional()
    .describe("Only this process type (`web`) or instance (`web.1`)"),
  since: z
    .string()
    .max(40)
    .refine(isSince, "must be how long ago (`10m`, `1h30m`, `2d`) or an ISO 8601 time with its zone")
    .optional()
    .describe("Only lines since then: how long ago, such as `10m`, or an ISO 8601 time with its zone"),
  grep: z
    .string()
    .min(1)
    .max(logGrepMax)
    .regex(/^[^\n\r\0]*$/, "must be one line")
    .optional()
    .describe("Only lines that hold this text, exactly as it stands"),
});
export type LogQuery = z.infer<typeof logQuery>;

const logPosition = z.string().describe("How far a file was read: what a client sends back to go on there");

const buildLogQuery = z.strictObject({
  lines: lineCount.default(logLinesMax).describe(`How many of the last lines, 1 to ${logLinesMax}`),
  deploy: wholeNumber.optional().describe("Which deploy; the last one unless said"),
});

const logLines = z.object({ app: appName, lines: z.array(logLine) });

export const readLogs = defineRoute({
  method: "GET",
  path: "/apps/:app/logs",
  summary: "The last lines that the app has printed",
  action: "app.logs",
  params: appParams,
  query: logQuery,
  response: logLines,
});

export const followLogs = defineRoute({
  method: "GET",
  path: "/apps/:app/logs/stream",
  summary: "The last lines and then each new one, over restarts and deploys; or each one after Last-Event-ID",
  action: "app.logs",
  params: appParams,
  query: logQuery,
  headers: z.object({
    "last-event-id": z
      .string()
      .max(logPositionsMax)
      .optional()
      .describe("Go on there, without the last lines: the newest position of each file, by commas"),
  }),
  response: "sse",
  events: {
    line: logLine,
    position: z
      .object({ positions: z.array(logPosition) })
      .describe("The last lines are told; from here on each line's id is the position after it"),
  },
});

export const readBuildLogs = defineRoute({
  method: "GET",
  path: "/apps/:app/build-logs",
  summary: "The output of a build",
  action: "app.logs",
  params: appParams,
  query: buildLogQuery,
  response: logLines,
});

export const followBuildLogs = defineRoute({
  method: "GET",
  path: "/apps/:app/build-logs/stream",
  summary: "The output of a build and each new line of it; ends with the deploy",
  action: "app.logs",
  params: appParams,
  query: buildLogQuery,
  response: "sse",
  events: { line: logLine },
});
