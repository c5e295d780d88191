/** What is known of the disk: what is free, asked each time, and what takes it, measured by one walk at a time and kept. */
import { diskParts, type ownParts } from "#core/api/disk.ts";
import type { Clock } from "#sys/clock.ts";
import type { Layout } from "#core/layout.ts";
import type { AppUsage as SupervisedUsage } from "#supervisor/disk/app-usage.ts";
import { diskUsage } from "#sys/disk-usage.ts";
import type { App } from "#store/apps.ts";
import type { AppQueue } from "../app-queue.ts";
import { roomOf, type FileSystemFacts, type Room } from "./room.ts";

export type Share<Name extends string> = { readonly name: Name; readonly bytes: number; readonly files: number };

export type Measured<Name extends string> = {
  readonly parts: Share<Name>[];
  readonly unreadable: number;
  /** ISO time. */
  readonly measuredAt: string;
};

export type AppUsage = Measured<(typeof diskParts)[number]>;
export type OwnUsage = { readonly own: Share<(typeof ownParts)[number]>[]; readonly measuredAt: string };

export type Disk = {
  room(): Promise<Room>;
  /** `fresh`: not the one that was measured within the last hour. */
  app(app: Pick<App, "name" | "createdAt">, fresh: boolean): Promise<AppUsage>;
  own(): Promise<OwnUsage>;
};

/** Milliseconds that what was measured is told again, and that not even who asks for it has it measured anew. */
const keptFor = 60 * 60 * 1000;
const ownKeptFor = 10 * 60 * 1000;
const freshFor = 10_000;
/** Milliseconds of rest in a walk (sys/disk-usage.ts): at most some 100 000 entries a second. */
const restMs = 10;
/** Apps whose usage is remembered. */
const rememberedMax = 1000;

export function createDisk({
  layout,
  clock,
  queue,
  stopping,
  statfs,
  usage,
}: {
  readonly layout: Layout;
  readonly queue: AppQueue;
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly statfs: () => Promise<FileSystemFacts>;
  /** Who counts an app in system mode, where we may not look into what is its own. */
  readonly usage?: (app: string) => Promise<SupervisedUsage>;
}): Disk {
  const kept = new Map<string, { readonly at: number; readonly measuring: Promise<Measured<string>> }>();
  const measure = <Name extends string>(
    key: string,
    age: number,
    count: () => Promise<Measured<Name>>,
  ): Promise<Measured<Name>> => {
    const found = kept.get(key);
    if (found !== undefined && clock.elapsed() - found.at < age) return found.measuring as Promise<Measured<Name>>;
    if (kept.size >= rememberedMax) kept.clear();
    const measuring = queue.run("#measure", count);
    kept.set(key, { at: clock.elapsed(), measuring });
    measuring.catch(() => kept.delete(key));
    return measuring;
  };
  const walked = <Name extends string>(paths: Readonly<Record<Name, readonly string[]>>) =>
    walk(paths, () => clock.sleep(restMs, stopping), clock);
  return {
    room: async () => roomOf(await statfs()),
    // Another app of the same name is another one.
    app: ({ name, createdAt }, fresh) =>
      measure(`${name} ${createdAt}`, fresh ? freshFor : keptFor, async () =>
        usage === undefined ? walked(partsOf(layout, name)) : told(await usage(name), clock),
      ),
    own: async () => {
      const { parts, measuredAt } = await measure("", ownKeptFor, () =>
        walked({
          runtimes: [layout.runtimes],
          logs: [layout.logs],
          database: ["", "-wal", "-shm"].map((end) => `${layout.database}${end}`),
          edge: [layout.edge],
          supervisor: [layout.supervisor],
          uploads: [layout.incoming],
        }),
      );
      return { own: parts, measuredAt };
    },
  };
}

function partsOf(layout: Layout, app: string): Record<(typeof diskParts)[number], readonly string[]> {
  return {
    builds: [`${layout.app(app)}/builds`],
    releases: [`${layout.app(app)}/releases`],
    cache: [layout.appCache(app)],
    data: [layout.appData(app)],
    volumes: [layout.volumes(app)],
    home: [layout.appHome(app)],
    logs: [layout.appLogs(app)],
  };
}

function told({ parts }: SupervisedUsage, clock: Clock): AppUsage {
  const shares = diskParts.map((name) => ({ name, bytes: 0, files: 0, ...parts[name] }));
  const unreadable = diskParts.filter((name) => parts[name] === null).length;
  return { parts: shares, unreadable, measuredAt: new Date(clock.now()).toISOString() };
}

async function walk<Name extends string>(
  paths: Readonly<Record<Name, readonly string[]>>,
  rest: () => Promise<void>,
  clock: Clock,
): Promise<Measured<Name>> {
  const seen = new Set<string>();
  const parts: Share<Name>[] = [];
  let unreadable = 0;
  for (const [name, all] of Object.entries(paths) as [Name, readonly string[]][]) {
    const share = { name, bytes: 0, files: 0 };
    for (const path of all) {
      const usage = await diskUsage(path, rest, seen);
      share.bytes += usage.bytes;
      share.files += usage.files;
      unreadable += usage.unreadable;
    }
    parts.push(share);
  }
  return { parts, unreadable, measuredAt: new Date(clock.now()).toISOString() };
}
