/**
 * What an app takes of the disk, part by part, for people: of system mode, where `hop3d` may not look into what is an app's.
 * Counted as usage.ts does, by `du` as root, with what is linked several times counted once.
 */
import { existsSync } from "node:fs";
import type { Layout } from "#core/layout.ts";
import type { HostTool } from "../host-tool.ts";
import { atLowPriority } from "../low-priority.ts";

type Part = { readonly bytes: number; readonly files: number } | null;

/** `bytes` as the disk holds them; `files` counts folders and links, too. Null for what could not be counted. */
export type AppUsage = {
  readonly parts: Readonly<Record<"builds" | "releases" | "cache" | "data" | "volumes" | "home" | "logs", Part>>;
};

const seconds = 900;
const memoryMax = 512 * 1024 * 1024;

/** Counts one app once at a time, whoever asks. */
export function usageCounter(layout: Layout, tool: HostTool): (app: string) => Promise<AppUsage> {
  const counting = new Map<string, Promise<AppUsage>>();
  return async (app) => {
    const found = counting.get(app) ?? appUsage(layout, app, tool);
    counting.set(app, found);
    try {
      return await found;
    } finally {
      counting.delete(app);
    }
  };
}

async function appUsage(layout: Layout, app: string, tool: HostTool): Promise<AppUsage> {
  const places = {
    builds: `${layout.app(app)}/builds`,
    releases: `${layout.app(app)}/releases`,
    cache: layout.appCache(app),
    data: layout.appData(app),
    volumes: layout.volumes(app),
    home: layout.appHome(app),
    logs: layout.appLogs(app),
  };
  const there = Object.values(places).filter((path) => existsSync(path));
  const count = async (unit: string): Promise<ReadonlyMap<string, number>> => {
    if (there.length === 0) return new Map();
    const du = ["/usr/bin/du", "--summarize", "--one-file-system", unit, "--", ...there];
    const line = atLowPriority(["/usr/bin/prlimit", `--as=${memoryMax}`, ...du]);
    // What is removed meanwhile makes it fail and counts for nothing.
    const { stdout } = await tool(line, undefined, { seconds }).catch(() => ({ stdout: "" }));
    return new Map([...stdout.matchAll(/^(\d+)\t(.*)$/gm)].map(([, amount, path = ""]) => [path, Number(amount)]));
  };
  const [bytes, files] = [await count("--block-size=1"), await count("--inodes")];
  const partOf = (path: string): AppUsage["parts"]["data"] => {
    if (!there.includes(path)) return { bytes: 0, files: 0 };
    const found = { bytes: bytes.get(path), files: files.get(path) };
    return found.bytes === undefined || found.files === undefined ? null : { bytes: found.bytes, files: found.files };
  };
  const { builds, releases, cache, data, volumes, home, logs } = places;
  return {
    parts: {
      builds: partOf(builds),
      releases: partOf(releases),
      cache: partOf(cache),
      data: partOf(data),
      volumes: partOf(volumes),
      home: partOf(home),
      logs: partOf(logs),
    },
  };
}
