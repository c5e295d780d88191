/** An app's files, from its first day to its last: what `hop3d` asks of app-files.ts. */
import type { AppFiles } from "./app-files.ts";
import type { Apps } from "./apps.ts";
import { buildLog } from "./build-log.ts";
import type { HostTool } from "./host-tool.ts";
import type { AppUsage } from "./disk/app-usage.ts";
import { Refusal } from "./refusal.ts";
import { appNameOf, fields, numberMax, whole } from "./shape.ts";
import { removeSlots } from "./slots.ts";

type Context = {
  readonly apps: Apps;
  readonly files: AppFiles;
  readonly usage: (app: string) => Promise<AppUsage>;
  readonly tool: HostTool;
};
type App = { app: string };
type Build = App & { build: number };
type Gone = Build & { keepOutput: boolean };

/** Rows of the table of verbs (verbs.ts). */
export const fileVerbs = {
  "app.make": {
    parse: (args: unknown) => appArgs(args, "app.make"),
    serve: ({ app }: App, { files }: Context) => nothing(files.make(app)),
  },
  "app.remove": {
    parse: (args: unknown) => appArgs(args, "app.remove"),
    serve: ({ app }: App, { apps, files }: Context) => {
      if (apps.find(app) !== undefined) throw new Refusal("conflict", `${app} was not forgotten yet.`);
      removeSlots(apps.options.layout, app);
      return nothing(files.remove(app));
    },
  },
  "app.usage": {
    parse: (args: unknown) => appArgs(args, "app.usage"),
    serve: ({ app }: App, { usage }: Context) => usage(app),
  },
  "build.make": {
    parse: (args: unknown) => buildArgs(args, "build.make"),
    serve: ({ app, build }: Build, { files }: Context) => {
      files.makeBuild(app, build);
      return {};
    },
  },
  "build.take": {
    parse: (args: unknown) => buildArgs(args, "build.take"),
    serve: ({ app, build }: Build, { apps, files }: Context) => {
      refuseRunning(apps, app, build);
      return nothing(files.take(app, build));
    },
  },
  "build.seal": {
    parse: (args: unknown) => buildArgs(args, "build.seal"),
    serve: ({ app, build }: Build, { files }: Context) => nothing(files.seal(app, build)),
  },
  "build.remove": {
    parse: (args: unknown) => {
      const found = fields(args, "build.remove", ["app", "build", "keepOutput"]);
      if (typeof found["keepOutput"] !== "boolean") throw new Refusal("invalid", "keepOutput is not true or false.");
      return { ...buildOf(found), keepOutput: found["keepOutput"] };
    },
    serve: ({ app, build, keepOutput }: Gone, { apps, files }: Context) => {
      refuseRunning(apps, app, build);
      return nothing(files.removeBuild(app, build, keepOutput));
    },
  },
  "build.trim-cache": {
    parse: (args: unknown) => buildArgs(args, "build.trim-cache"),
    serve: (args: Build, context: Context) => trimCache(args, context),
  },
};

/** After a build, whose output says what was done: the next one pays for it with downloads. Nothing that runs reads it. */
async function trimCache({ app, build }: Build, { apps, files, tool }: Context): Promise<{ emptied: boolean }> {
  const { layout, limits, clock } = apps.options;
  const cache = layout.appCache(app);
  // It follows no link that it meets, and reads no file.
  const used = await tool(["/usr/bin/du", "-s", "--block-size=1", "--", cache], undefined, { seconds: 900 });
  const bytes = Number.parseInt(used.stdout, 10);
  if (!(bytes > limits.cacheBytes)) return { emptied: false };
  await files.clearCache(app);
  const output = buildLog(apps, app, build);
  output.say(
    `The build cache took ${mega(bytes)} MB, more than ${mega(limits.cacheBytes)} MB, and was emptied.`,
    clock.now,
  );
  output.close();
  return { emptied: true };
}

/** Nothing is taken from under what runs, or may be started again at any moment. */
function refuseRunning(apps: Apps, app: string, build: number): void {
  const desired = apps.find(app);
  if (desired === undefined) return;
  const releases = [
    desired.live,
    ...desired.groups.map((one) => one.release),
    ...desired.instances.map((one) => one.release),
  ];
  for (const release of new Set(releases)) {
    if (release === null || apps.release(app, release).build !== build) continue;
    throw new Refusal("conflict", `Release ${release} of ${app} runs from build ${build}.`);
  }
}

async function nothing(done: Promise<void>): Promise<Record<string, never>> {
  await done;
  return {};
}

function appArgs(args: unknown, verb: string): App {
  return { app: appNameOf(fields(args, verb, ["app"])["app"], "app") };
}

function buildArgs(args: unknown, verb: string): Build {
  return buildOf(fields(args, verb, ["app", "build"]));
}

function buildOf(found: Readonly<Record<string, unknown>>): Build {
  return { app: appNameOf(found["app"], "app"), build: whole(found["build"], "build", 0, numberMax) };
}

function mega(bytes: number): number {
  return Math.round(bytes / 1e6);
}
