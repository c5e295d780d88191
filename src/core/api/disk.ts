/** What takes the disk: of an app, and of the server itself. */
import { z } from "zod";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, queryFlag } from "./shared.ts";

/** `bytes` as the disk holds them, so more than the files' own; `files` counts folders and links, too. */
const share = { bytes: z.int(), files: z.int() };

export const diskParts = ["builds", "releases", "cache", "data", "volumes", "home", "logs"] as const;
export const ownParts = ["runtimes", "logs", "database", "edge", "supervisor", "uploads"] as const;

const room = z.object({ total: z.int(), free: z.int(), reserve: z.int() });

export const systemDisk = z
  .object({
    state: z.enum(["ok", "low", "full"]).describe("`full`: less is free than the reserve, and no deploy is taken"),
    bytes: room,
    files: room.nullable().describe("Inodes; null where the file system does not count them"),
    own: z.array(z.object({ name: z.enum(ownParts), ...share })).describe("What Hop3 takes besides the apps"),
    measuredAt: isoTime.describe("When `own` was measured; `bytes` and `files` are of now"),
  })
  .describe("The file system that has HOP3_ROOT");

export const appDisk = defineRoute({
  method: "GET",
  path: "/apps/:app/disk",
  summary: "What an app takes of the disk, by part; measured at most an hour ago",
  action: "app.show",
  params: appParams,
  query: z.strictObject({ fresh: queryFlag.describe("Measure now") }),
  response: z.object({
    app: appName,
    bytes: z.int().describe("All parts together; what is linked several times counts once"),
    parts: z.array(z.object({ name: z.enum(diskParts), ...share })),
    unreadable: z.int().describe("Folders of the app that the server may not look into, not counted"),
    measuredAt: isoTime,
  }),
});
export type AppDisk = z.infer<typeof appDisk.response>;
