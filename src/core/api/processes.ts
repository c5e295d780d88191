/** The processes of an app and their instances. */
import { z } from "zod";
import { instancesMax } from "../limits.ts";
import { restartPolicies } from "../records.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, processType, releaseNumber } from "./shared.ts";

/** Of all processes of a run together. */
export const usage = z.object({
  processes: z.int(),
  cpuSeconds: z.number().describe("Of this run, since its start"),
  memoryBytes: z
    .int()
    .describe(
      "In system mode what its cgroup counts, without the files that the kernel may drop; else resident memory, where what several processes share counts in each",
    ),
  memoryLimitBytes: z.int().nullable().describe("How much memory it may take; null without a limit"),
  descriptors: z.int().describe("Open files and sockets"),
  uptimeSeconds: z.number().nullable().describe("Since its main process started; null while that starts"),
});

export const instance = z.object({
  name: z.string().describe("`web.1`"),
  state: z
    .enum(["starting", "running", "backing-off", "warm", "stopping", "stopped", "ended", "failed"])
    .describe(
      "`backing-off`: it ended and comes back at `nextTry`; `ended`: it ended and stays so, by its restart policy; `failed`: it ended once too often, or in its first try; `warm`: its release does not serve any more; it runs on for a while, for a rollback",
    ),
  release: releaseNumber,
  pid: z.int().nullable(),
  since: isoTime,
  restarts: z.int().describe("Since it, or the supervisor, was started"),
  restartsInARow: z.int().describe("Without a minute of service between or after them"),
  crashLoop: z
    .boolean()
    .describe("It was restarted twice in a row or more, without a minute of service since, or given up for that"),
  outOfMemory: z
    .int()
    .describe(
      "How many of its processes were ended because memory was used up; since it, or the supervisor, was started",
    ),
  lastExit: z.string().nullable().describe("How it last ended, for example `exit 1`; null when it never did"),
  usage: usage.nullable().describe("What it takes, as of at most a second ago; null when it does not run"),
  nextTry: isoTime.nullable().describe("When it is started again, while it is `backing-off`"),
});
export type Instance = z.infer<typeof instance>;

export const processView = z.object({
  type: processType,
  command: z.string(),
  count: z.int().describe("How many instances are wanted"),
  listens: z.enum(["http", "none"]),
  restart: z.enum(restartPolicies).describe("Which of its ends are answered with a restart"),
  instances: z.array(instance),
});
export type ProcessView = z.infer<typeof processView>;

export const processList = z.object({ app: appName, processes: z.array(processView) });

export const listProcesses = defineRoute({
  method: "GET",
  path: "/apps/:app/processes",
  summary: "The processes of an app with their instances",
  action: "app.show",
  params: appParams,
  response: processList,
  // How they are is not what they are.
  tagged: ({ processes }: z.infer<typeof processList>) =>
    processes.map(({ type, command, count, restart }) => [type, command, count, restart]),
});

export const scaleProcesses = defineRoute({
  method: "PATCH",
  path: "/apps/:app/processes",
  summary: "Set how many instances of a process run; answers when they do",
  action: "app.operate",
  params: appParams,
  changes: listProcesses,
  body: z.strictObject({
    scale: z
      .record(processType, z.int().min(0).max(instancesMax))
      .refine((scale) => Object.keys(scale).length > 0, "must name a process"),
  }),
  response: processList,
});
