/**
 * What an app has on the disk: all that its processes can write, whatever modes they gave it, and what they hold open
 * though its name is gone. Counted by `du` as root, which goes by descriptors and so through no link that an app puts in its
 * way; at low priority, and with a bound on its own memory, for how many files there are is the app's to choose.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import type { Layout } from "#core/layout.ts";
import type { HostTool } from "../host-tool.ts";
import { atLowPriority } from "../low-priority.ts";

export type DiskUse = {
  readonly bytes: number;
  /** Files, folders and links; null when nobody asked for it. */
  readonly inodes: number | null;
};

const secondsMax = 900;
const memoryMax = 512 * 1024 * 1024;

/** `members` are the app's processes. Undefined when it cannot be counted, which an app may bring about. */
export async function measureApp(
  layout: Layout,
  app: string,
  members: readonly number[],
  withInodes: boolean,
  tool: HostTool,
): Promise<DiskUse | undefined> {
  const places = writable(layout, app);
  const count = async (unit: string): Promise<number | undefined> => {
    if (places.length === 0) return 0;
    const du = ["/usr/bin/du", "--summarize", "--total", "--one-file-system", unit, "--", ...places];
    const line = atLowPriority(["/usr/bin/prlimit", `--as=${memoryMax}`, ...du]);
    // What is removed meanwhile makes it fail and counts for nothing: its sum is right all the same.
    const { stdout } = await tool(line, undefined, { seconds: secondsMax }).catch(() => ({ stdout: "" }));
    const total = /(\d+)\ttotal\n$/.exec(stdout)?.[1];
    return total === undefined ? undefined : Number(total);
  };
  const bytes = await count("--block-size=1");
  const inodes = withInodes ? await count("--inodes") : null;
  if (bytes === undefined || inodes === undefined) return undefined;
  const nameless = namelessFiles(members, layout.apps);
  return { bytes: bytes + nameless.bytes, inodes: inodes === null ? null : inodes + nameless.inodes };
}

/** Directories of the app that its processes, or its builds, may write to. */
function writable(layout: Layout, app: string): string[] {
  const builds = `${layout.app(app)}/builds`;
  const numbers = existsSync(builds) ? readdirSync(builds).filter((name) => /^\d{1,15}$/.test(name)) : [];
  return [
    layout.appData(app),
    layout.appHome(app),
    layout.appCache(app),
    layout.volumes(app),
    ...numbers.flatMap((number) => [
      layout.buildTree(app, Number(number)),
      layout.buildTemporary(app, Number(number)),
      layout.buildRemains(app, Number(number)),
    ]),
  ].filter((path) => existsSync(path));
}

/** Files that were removed and are still open. One that is only mapped, or on its way through a socket, is not seen. */
function namelessFiles(members: readonly number[], place: string): { bytes: number; inodes: number } {
  const { dev } = statSync(place);
  const found = new Map<number, number>();
  for (const pid of members) {
    for (const fd of readQuietly(`/proc/${pid}/fd`)) {
      const stat = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
      if (stat?.isFile() === true && stat.nlink === 0 && stat.dev === dev) found.set(stat.ino, stat.blocks * 512);
    }
  }
  return { bytes: [...found.values()].reduce((sum, bytes) => sum + bytes, 0), inodes: found.size };
}

function readQuietly(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // it has ended
  }
}
