/** One try of a release's health command, as the app and in its environment; `hop3d` runs no code of an app. */
import type { Apps } from "./apps.ts";
import type { Jobs } from "./job.ts";
import { JobTail } from "./job-tail.ts";
import { instanceEnv, releasedOf } from "./prepare.ts";
import type { ProbeResult, Verbs } from "./protocol.ts";
import { recordEnv } from "./records.ts";
import { Refusal } from "./refusal.ts";

export async function probeRelease(
  { app, release, instance }: Verbs["app.probe"]["args"],
  apps: Apps,
  jobs: Jobs,
): Promise<ProbeResult> {
  const record = apps.release(app, release);
  if (record.probe === undefined) throw new Refusal("unknown", `Release ${release} of ${app} has no health command.`);
  const { index, listens } = instance === null ? noInstance : asked(apps, app, release, instance);
  const env = {
    ...recordEnv(apps.options.records, "release", app, release, record.env),
    ...instanceEnv(`probe.${Math.max(1, index)}`, listens),
  };
  const { command, timeout } = record.probe;
  const tail = new JobTail();
  const result = await jobs.start({
    app,
    kind: "probe",
    number: release,
    index,
    command: {
      argv: ["/bin/sh", "-c", command],
      env,
      cwd: apps.openTree(app, record.build, record.cwd),
      walls: apps.options.run.system?.once(app, releasedOf(record), instance),
    },
    timeout,
    openOutput: () => tail,
  });
  return { ...result, output: tail.lines };
}

const noInstance = { index: 0, listens: null };

/** The instance that is asked after, and where it listens; refused when it is another release's or does not run. */
function asked(apps: Apps, app: string, release: number, id: string) {
  const one = apps.instance(app, id);
  if (one.release !== release) throw new Refusal("unknown", `Release ${release} of ${app} has no instance ${id}.`);
  if (apps.running.get(id)?.state !== "ready") {
    throw new Refusal("conflict", `${one.type}.${one.index} of release ${release} of ${app} is not ready.`);
  }
  return { index: one.index, listens: one.port === null ? null : { socket: apps.socket(id), port: one.port } };
}
