/** Takes back a deploy that has not reached its cut-over: as if it had failed, with nothing left of it. */
import type { Actor } from "#core/actor.ts";
import type { DeploySummary } from "#core/api/deploys.ts";
import { AppError } from "#core/errors.ts";
import { markCanceled } from "#store/deploys.ts";
import { appendEvent } from "#store/events.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";
import { showDeploy } from "./summary.ts";
import type { Canceling, UnderWay } from "./under-way.ts";

/**
 * Answers when it has ended and nothing of it is left; also when it was canceled before. Throws APP_NOT_FOUND, NOT_FOUND,
 * CONFLICT for one that serves or has ended, UNAVAILABLE for one that a start of the server is bringing to its end.
 */
export async function cancelDeploy(platform: Platform, app: string, number: number, by: Actor): Promise<DeploySummary> {
  await requireApp(platform, app);
  const before = await showDeploy(platform, app, number);
  const found = platform.deploys.get(app, number);
  const answer = found === undefined ? undefined : await cancelDurably(platform, found, ` by ${by.name}`, by);
  if (answer === "serves") {
    throw new AppError("CONFLICT", `Deploy ${number} of ${app} has reached its cut-over: its release serves.`, {
      hint: "`hop3 rollback` brings back what served before.",
    });
  }
  await found?.done;
  const now = before.endedAt === null ? await showDeploy(platform, app, number) : before;
  if (now.state === "canceled") return now;
  if (now.endedAt === null) {
    throw new AppError("UNAVAILABLE", `Deploy ${number} of ${app} is brought to its end by a start of the server.`, {
      hint: "Look again in a moment with `hop3 app show`.",
    });
  }
  throw new AppError("CONFLICT", `Deploy ${number} of ${app} has ${now.state} already.`, {
    hint: now.state === "succeeded" ? "`hop3 rollback` brings back what served before." : "There is nothing to cancel.",
  });
}

/** The newest wins: every earlier upload of the app that does not serve yet makes place for this one. */
export async function replaceEarlier(platform: Platform, app: string, deploy: number, by: Actor): Promise<void> {
  for (const one of platform.deploys.of(app)) {
    if (!one.isUpload || one.deploy >= deploy || one.canceled !== undefined) continue;
    await cancelDurably(platform, one, `: deploy ${deploy} takes its place`, by);
  }
}

/** Everything of the app that may still be taken back ends canceled; resolves when it has. What serves ends by itself. */
export async function cancelForDestroy(platform: Platform, app: string, by: Actor): Promise<void> {
  const canceled: UnderWay[] = [];
  for (const one of platform.deploys.of(app)) {
    if ((await cancelDurably(platform, one, ": its app is destroyed", by)) === "accepted") canceled.push(one);
  }
  await Promise.all(canceled.map(({ done }) => done));
}

/** Written down before it is done: whoever dies in between, it ends canceled and not failed. */
async function cancelDurably(platform: Platform, one: UnderWay, why: string, by: Actor): Promise<Canceling> {
  const { app, deploy } = one;
  if (one.canceling !== "accepted" || isCanceled(one)) return one.canceling;
  const message = `Deploy ${deploy} was canceled${why}.`;
  await markCanceled(platform.store, app, deploy, message);
  await platform.fault("before:cancel");
  // Another one may have canceled it meanwhile.
  const isFirst = !isCanceled(one);
  const answer = one.cancel(message);
  if (answer === "accepted" && isFirst) await recordCancel(platform, app, deploy, by);
  return answer;
}

function isCanceled({ canceled }: UnderWay): boolean {
  return canceled !== undefined;
}

async function recordCancel(platform: Platform, app: string, deploy: number, by: Actor): Promise<void> {
  const target = `deploy ${deploy}`;
  await appendEvent(platform.store, { actor: by, action: "app.deploy.cancel", app, target, outcome: "ok" });
}
