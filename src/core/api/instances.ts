/** What runs on the whole server, for who watches it. */
import { z } from "zod";
import { instance, usage } from "./processes.ts";
import { defineRoute } from "./route.ts";
import { appName } from "./shared.ts";
import { systemService } from "./system.ts";

const instanceList = z.object({
  at: z
    .number()
    .describe("When it was measured, in seconds from some point on: what lies between two answers is exact"),
  host: z.object({
    processors: z.int(),
    load: z.array(z.number()).describe("Over 1, 5 and 15 minutes"),
    memoryBytes: z.int(),
    availableBytes: z.int().describe("Memory that can be had without swapping"),
    uptimeSeconds: z.number(),
  }),
  startsWaiting: z.int().describe("Starts of processes that wait for their turn"),
  services: z.array(z.object({ name: systemService, state: z.string(), restarts: z.int(), usage: usage.nullable() })),
  instances: z.array(instance.extend({ app: appName })),
});
export type InstanceList = z.infer<typeof instanceList>;

export const listInstances = defineRoute({
  method: "GET",
  path: "/instances",
  summary: "All instances of all apps with what they take, the server's own services, and the host",
  action: "app.list",
  response: instanceList,
});

export const metricsPage = defineRoute({
  method: "GET",
  path: "/metrics",
  summary: "Figures of the server, its apps and their instances for Prometheus (text format 0.0.4)",
  action: "system.metrics",
  response: "text",
  contentType: "text/plain; version=0.0.4; charset=utf-8",
});
