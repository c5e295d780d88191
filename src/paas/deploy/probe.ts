/**
 * Step 6, probe: every web instance of the release is asked over its own address before any user is. With
 * `[healthcheck] path` the answer must be 2xx or 3xx; without one, any HTTP answer to `/` will do.
 */
import { AppError } from "#core/errors.ts";
import type { AppStatus, InstanceStatus } from "#supervisor/protocol.ts";
import { defaultDomain } from "../app-address.ts";
import { httpProbe } from "../http-probe.ts";
import type { Platform } from "../platform.ts";
import { supervisorStatuses } from "../supervisor-status.ts";
import type { Candidate } from "./job.ts";
import { instanceWords } from "./start.ts";

const unlessSaid = { path: "/", timeout: 10, interval: 0.5, retries: 3 };

/** Throws APP_UNHEALTHY with what was asked and answered. */
export async function probe(
  platform: Platform,
  { artifact, release }: Candidate,
  status: AppStatus,
  signal: AbortSignal,
): Promise<void> {
  const { app, spec } = artifact;
  const check = spec.healthcheck ?? unlessSaid;
  const isHealthy = (code: number) => spec.healthcheck === undefined || (code >= 200 && code < 400);
  const host = defaultDomain(app, platform.baseDomain);
  for (const instance of status.instances) {
    if (instance.release !== release || instance.address === null) continue;
    const target = { address: instance.address, host, path: check.path, timeoutMs: check.timeout * 1000 };
    let said = "";
    for (let tried = 0; ; tried += 1) {
      const answer = await httpProbe(target, signal).catch((error: unknown) => {
        if (signal.aborted || !(error instanceof AppError)) throw error;
        return error;
      });
      if (!(answer instanceof AppError) && isHealthy(answer.status)) break;
      said = answer instanceof AppError ? answer.message : `${check.path} answered ${answer.status}.`;
      await refuseIfEnded(platform, app, instance);
      if (tried >= check.retries) {
        throw new AppError("APP_UNHEALTHY", `${instance.type}.${instance.index} is not healthy: ${said}`, {
          details: await instanceWords(platform, app, instance),
        });
      }
      await pause(platform, check.interval * 1000, app, instance, signal);
    }
  }
}

/** Milliseconds between two looks at whether what failed its probe still lives. */
const look = 500;

/** Waits for the next try, which nobody waits for when the process ends meanwhile: the supervisor may have it up again. */
async function pause(
  platform: Platform,
  milliseconds: number,
  app: string,
  asked: InstanceStatus,
  signal: AbortSignal,
): Promise<void> {
  for (let left = milliseconds; left > 0; left -= look) {
    await platform.clock.sleep(Math.min(look, left), signal);
    await refuseIfEnded(platform, app, asked).catch((thrown: unknown) => {
      // A supervisor that is gone for a while says nothing of the app.
      if (!(thrown instanceof AppError && thrown.code === "UNAVAILABLE")) throw thrown;
    });
  }
}

/** Some servers listen before they have loaded the app, and end when they cannot: that is what the user needs to hear. */
async function refuseIfEnded(platform: Platform, app: string, asked: InstanceStatus): Promise<void> {
  const now = (await supervisorStatuses(platform)).get(app)?.instances.find(({ id }) => id === asked.id);
  // By its pid alone: a new supervisor that has just taken it over does not call it ready yet.
  if (now !== undefined && now.pid === asked.pid) return;
  const how = now?.lastExit ?? "unknown";
  throw new AppError("APP_EXITED", `The process ${asked.type}.${asked.index} ended (${how}) instead of serving.`, {
    details: await instanceWords(platform, app, asked),
  });
}
