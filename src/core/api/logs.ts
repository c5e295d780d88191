/** What an app and its builds have printed. Each log has two routes: the last lines, and the lines as they come. */
import { z } from "zod";
import { logLinesMax } from "./prefix.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, processType, wholeNumber } from "./shared.ts";

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
  lines: lastLines,
  process: processType.optional().describe("Only this process type"),
});
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
  summary: "The last lines and then each new one, over restarts and deploys",
  action: "app.logs",
  params: appParams,
  query: logQuery,
  response: "sse",
  events: { line: logLine },
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
