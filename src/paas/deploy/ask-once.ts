/** One try of a health check: over HTTP, by a bare connection, or by the app's own command. */
import { AppError } from "#core/errors.ts";
import { type Healthcheck, isExpected, shownStatus } from "#core/healthcheck.ts";
import { quote } from "#core/names.ts";
import type { InstanceStatus } from "#supervisor/protocol.ts";
import { defaultDomain } from "../app-address.ts";
import { httpProbe } from "../http-probe.ts";
import type { Platform } from "../platform.ts";
import { socketProbe } from "../socket-probe.ts";
import type { Candidate } from "./job.ts";
import { jobFailure } from "./job-end.ts";
import { runJob, type JobOwner } from "./run-job.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";

/** What is asked whether it is well: instances of a release. */
export type Probed = Pick<Candidate, "release" | "artifact">;

/** A sentence that says what came instead, and lines that show more of it. */
export type Failed = { readonly said: string; readonly lines: readonly string[] };

/** `lost`: the supervisor died meanwhile, which says nothing of the app. Throws CANCELED. */
export async function askOnce(
  job: JobOwner,
  candidate: Probed,
  { probe, timeout }: Healthcheck,
  instance: InstanceStatus | null,
): Promise<"well" | "lost" | Failed> {
  const { platform, underWay } = job;
  const address = instance?.address ?? "";
  try {
    if (probe.kind === "command") return await runCommand(job, candidate, instance, timeout);
    if (probe.kind === "socket") {
      await socketProbe(address, timeout * 1000, underWay.signal);
      return "well";
    }
    const { path, method, expected } = probe;
    const host = defaultDomain(candidate.artifact.app, platform.baseDomain);
    const target = { address, host, path, method, timeoutMs: timeout * 1000 };
    const { status, body } = await httpProbe(target, underWay.signal, (code) => !isExpected(code, expected));
    if (isExpected(status, expected)) return "well";
    const said = `${method} ${path} answered ${status}, which is not ${shownStatus(expected)}.`;
    const line = body.split(/[\r\n]+/).find((each) => each.trim() !== "");
    return { said, lines: line === undefined ? [] : [`The answer's body begins with ${quote(line.trim())}.`] };
  } catch (thrown) {
    underWay.goOn();
    const isOfApp = thrown instanceof AppError && (thrown.code === "UNREACHABLE" || thrown.code === "TIMEOUT");
    if (underWay.signal.aborted || !isOfApp) throw thrown;
    return { said: thrown.message, lines: [] };
  }
}

async function runCommand(
  job: JobOwner,
  { release }: Probed,
  instance: InstanceStatus | null,
  timeout: number,
): Promise<"well" | "lost" | Failed> {
  const { platform, app } = job;
  try {
    const args = { app, release, instance: instance?.id ?? null };
    const ended = await runJob(job, "app.probe", args);
    if (ended.lost) return "lost";
    const how = jobFailure(ended, "its health command", timeout);
    if (how === undefined) return "well";
    const lines = ended.output.length === 0 ? ["It has printed nothing."] : ["Its last lines:", ...ended.output];
    return { said: `its health command ${how}.`, lines };
  } catch (thrown) {
    const code = thrown instanceof AppError ? thrown.code : undefined;
    // Not up any more: its end is told by whoever looks at the process next.
    if (code === "CONFLICT") return { said: "it is not up any more.", lines: [] };
    if (code !== "UNAVAILABLE") throw thrown;
    await supervisorIsBack(platform);
    return "lost";
  }
}

/** What a try asks, for the reader of an error. */
export function probedWords(
  { baseDomain }: Pick<Platform, "baseDomain">,
  { artifact }: Probed,
  { probe }: Healthcheck,
  instance: InstanceStatus | null,
): string {
  const where = instance?.address?.startsWith("unix/") === true ? "its unix socket" : "its TCP port";
  switch (probe.kind) {
    case "command":
      return `the command ${quote(probe.command)}${instance === null ? "" : ` beside ${instance.type}.${instance.index}`}`;
    case "socket":
      return `a connection to ${where}`;
    case "http":
      return `${probe.method} ${probe.path} with Host ${defaultDomain(artifact.app, baseDomain)} over ${where}`;
  }
}
