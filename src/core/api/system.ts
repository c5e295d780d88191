/** The server itself, and who is asking. */
import { z } from "zod";
import { actions } from "../actions.ts";
import { appRoles, roles } from "../roles.ts";
import { systemDisk } from "./disk.ts";
import { lastLines, logLine } from "./logs.ts";
import { defineRoute } from "./route.ts";
import { isoTime } from "./shared.ts";

export const systemService = z.enum(["hop3d", "caddy", "supervisor"]);
export type SystemService = z.infer<typeof systemService>;

const systemInfoView = z.object({
  version: z.string(),
  mode: z.enum(["user", "system"]),
  node: z.string(),
  platform: z.string().describe("`linux x64`"),
  hostname: z.string(),
  startedAt: isoTime,
  root: z.string().describe("HOP3_ROOT"),
  api: z.string().describe("URL of this API"),
  edge: z.object({
    kind: z.string(),
    httpPort: z.int(),
    httpsPort: z.int().nullable().describe("null: HTTPS is not served"),
  }),
  services: z.array(
    z.object({ name: systemService, state: z.string(), pid: z.int().nullable(), since: isoTime, restarts: z.int() }),
  ),
  apps: z.int(),
  disk: systemDisk,
  notes: z.array(z.string()).describe("What this mode or host cannot enforce"),
});
export type SystemInfo = z.infer<typeof systemInfoView>;

export const systemInfo = defineRoute({
  method: "GET",
  path: "/system/info",
  summary: "Version, mode, services of this server",
  action: "system.info",
  response: systemInfoView,
});

const systemCheck = z.object({
  name: z.string().describe("`service caddy`, `wall loopback`"),
  state: z.enum(["ok", "warning", "failure"]),
  message: z.string().describe("What is, and what would help"),
});
export type SystemCheck = z.infer<typeof systemCheck>;

export const systemStatus = defineRoute({
  method: "GET",
  path: "/system/status",
  summary: "How the server is: services, walls around apps that are missing, ceilings, disk",
  action: "system.info",
  response: z.object({
    mode: z.enum(["user", "system"]),
    state: z.enum(["ok", "warning", "failure"]).describe("The worst of its checks"),
    checks: z.array(systemCheck),
  }),
});
export type SystemStatus = z.infer<typeof systemStatus.response>;

export const systemLogs = defineRoute({
  method: "GET",
  path: "/system/logs",
  summary: "The last lines of the server's own logs",
  action: "system.logs",
  query: z.strictObject({ lines: lastLines, service: systemService.default("hop3d") }),
  response: z.object({ service: systemService, lines: z.array(logLine) }),
});

export const version = defineRoute({
  method: "GET",
  path: "/version",
  summary: "Which product and version answers here; needs no token",
  action: "public",
  response: z.object({ name: z.literal("hop3"), version: z.string(), api: z.literal("v1") }),
});

export const whoami = defineRoute({
  method: "GET",
  path: "/whoami",
  summary: "The user that the token stands for",
  action: "signed-in",
  response: z.object({
    user: z.string(),
    org: z.string().describe("The organisation that the credential acts in"),
    roles: z.array(z.enum(roles)).describe("Its own and those of its groups"),
    grants: z.array(z.object({ app: z.string(), roles: z.array(z.enum(appRoles)) })).describe("Rights for single apps"),
    credential: z.object({
      id: z.string(),
      kind: z.enum(["token", "session", "key"]),
      name: z.string(),
      expiresAt: isoTime.nullable().describe("null: never"),
    }),
    scope: z
      .object({ actions: z.array(z.enum(actions)).nullable(), apps: z.array(z.string()).nullable() })
      .describe("What the credential is narrowed to; null where it is not"),
  }),
});
export type Whoami = z.infer<typeof whoami.response>;
