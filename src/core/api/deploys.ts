/** Deploys: an uploaded tree on its way to becoming a release. */
import { z } from "zod";
import { nextPage, pageQuery } from "./page.ts";
import { deployEnvHeader, deployEnvMax } from "./prefix.ts";
import { defineRoute } from "./route.ts";
import {
  appName,
  appParams,
  deployNumber,
  fault,
  isoTime,
  processType,
  queryFlag,
  releaseNumber,
  sha256,
  volumeView,
  wholeNumber,
} from "./shared.ts";

/** The steps in order; a deploy is at one of them until it has an outcome. */
export const deployStep = z.enum([
  "receive",
  "detect",
  "build",
  "release",
  "start",
  "probe",
  "cut-over",
  "drain",
  "retire",
]);
export type DeployStep = z.infer<typeof deployStep>;

const deployOutcome = z.enum(["succeeded", "failed", "canceled"]);

export const deploySummary = z.object({
  app: appName,
  deploy: deployNumber,
  state: z.enum(["running", ...deployOutcome.options]),
  waits: z.boolean().describe("It has not begun: another deploy or change of the app comes first"),
  step: deployStep.describe("The step it is at, or ended at"),
  startedAt: isoTime,
  endedAt: isoTime.nullable(),
  release: releaseNumber.nullable().describe("The release it made"),
  error: fault.nullable(),
});
export type DeploySummary = z.infer<typeof deploySummary>;

const deployParams = appParams.extend({ deploy: wholeNumber });

export const deployEvents = {
  step: z.object({
    name: deployStep,
    state: z.enum(["started", "done", "failed", "skipped"]),
    detail: z.string().optional().describe("For the reader, for example `Python 3.11 with uv`"),
  }),
  output: z.object({ line: z.string(), stream: z.enum(["stdout", "stderr", "hop3"]) }),
  done: z.object({
    outcome: deployOutcome,
    release: releaseNumber.nullable(),
    url: z.string().nullable(),
    error: fault.optional(),
  }),
};
export type StepEvent = z.infer<typeof deployEvents.step>;
export type OutputEvent = z.infer<typeof deployEvents.output>;
export type DoneEvent = z.infer<typeof deployEvents.done>;

/** What is said of an uploaded archive. */
const archiveQuery = {
  packed: queryFlag.describe("It is packed as forges do it: a single folder that holds everything is taken off"),
  sha256: sha256.optional(),
};

export const createDeploy = defineRoute({
  method: "POST",
  path: "/apps/:app/deploys",
  event: "later",
  summary: "Upload a tar and deploy it; answers once it is received and validated",
  action: "app.deploy",
  params: appParams,
  query: z.strictObject({
    create: queryFlag.describe("Make the app when there is none of this name"),
    replace: queryFlag.describe("Cancel the app's other deploys that do not serve yet, instead of waiting for them"),
    ...archiveQuery,
  }),
  headers: z.object({
    [deployEnvHeader]: z
      .string()
      .max(deployEnvMax)
      .regex(/^[A-Za-z0-9_-]*$/)
      .optional()
      .describe("Variables to set before the build: base64url of a JSON object"),
  }),
  body: "tar",
  status: 202,
  response: z.object({ app: appName, deploy: deployNumber, created: z.boolean().describe("The app is new") }),
});

export const listDeploys = defineRoute({
  method: "GET",
  path: "/apps/:app/deploys",
  summary: "Deploys and changes of settings, the newest first",
  action: "app.show",
  params: appParams,
  query: z.strictObject(pageQuery),
  response: z.object({ app: appName, deploys: z.array(deploySummary), next: nextPage }),
});

export const showDeploy = defineRoute({
  method: "GET",
  path: "/apps/:app/deploys/:deploy",
  summary: "One deploy: state, step, outcome",
  action: "app.show",
  params: deployParams,
  response: deploySummary,
});

export const cancelDeploy = defineRoute({
  method: "POST",
  path: "/apps/:app/deploys/:deploy/cancel",
  summary: "Take back a deploy that does not serve yet; answers when nothing of it is left",
  action: "app.deploy",
  params: deployParams,
  response: deploySummary,
});

export const followDeploy = defineRoute({
  method: "GET",
  path: "/apps/:app/deploys/:deploy/events",
  summary: "The deploy's events from the first, or after Last-Event-ID; ends after `done`",
  action: "app.logs",
  params: deployParams,
  headers: z.object({ "last-event-id": wholeNumber.optional().describe("Resume after this event") }),
  response: "sse",
  events: deployEvents,
});

export const deployPlan = z.object({
  app: appName,
  exists: z.boolean(),
  builder: z.string().nullable().describe("`python`, `node`, `static`, `generic`; null when none fits"),
  reason: z.string().describe("Why this builder"),
  summary: z.string(),
  runtimes: z.array(z.object({ name: z.string(), range: z.string() })),
  steps: z.array(
    z.object({ name: z.string(), argv: z.array(z.string()), cwd: z.string(), timeoutSeconds: z.number() }),
  ),
  hooks: z.array(z.object({ name: z.string(), command: z.string() })),
  processes: z.array(z.object({ type: processType, command: z.string(), count: z.int() })),
  cron: z.array(z.object({ name: z.string(), schedule: z.string(), timezone: z.string(), command: z.string() })),
  volumes: z.array(volumeView),
  staticPaths: z.record(z.string(), z.string()),
  env: z.array(z.object({ name: z.string(), source: z.string() })).describe("Names only, never values"),
  domains: z.array(z.string()),
  refusals: z.array(fault).describe("What would make this deploy fail; empty when it may go"),
});
export type DeployPlan = z.infer<typeof deployPlan>;

export const planDeploy = defineRoute({
  method: "POST",
  path: "/apps/:app/plan",
  event: "none",
  summary: "Upload a tar and learn what a deploy of it would do; nothing is changed",
  action: "app.deploy",
  params: appParams,
  query: z.strictObject(archiveQuery),
  body: "tar",
  response: deployPlan,
});
