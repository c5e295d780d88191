import type { Apps } from "./apps.ts";
import { JobOutput } from "./job-output.ts";
import { openToAppend } from "./safe-path.ts";

/** Opens the log of a build, to go on in it. Throws a Refusal when that is no plain file. */
export function buildLog(apps: Apps, app: string, build: number): JobOutput {
  const { layout, limits } = apps.options;
  return new JobOutput(openToAppend(layout.apps, [app, "builds", String(build), "build.log"]), limits.buildLogBytes);
}
