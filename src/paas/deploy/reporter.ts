/**
 * What a deploy tells its watchers. Steps and the end are rows of the store; the build's output stays in its log file and
 * is read from there (follow.ts), so that a build of 100 MB fills no database.
 */
import type { DoneEvent, StepEvent } from "#core/api/deploys.ts";
import { appendDeployEvent } from "#store/deploy-events.ts";
import type { Platform } from "../platform.ts";

/** An event as it is stored: `offset` is the length of the build's log when it was written, which puts both in order. */
export type StoredEvent = { readonly offset: number; readonly data: StepEvent | DoneEvent };

export function deployTopic(app: string, deploy: number): string {
  return `deploy:${app}:${deploy}`;
}

export async function report(
  platform: Platform,
  ref: { readonly app: string; readonly deploy: number; readonly logLength: () => number },
  type: "step" | "done",
  data: StepEvent | DoneEvent,
): Promise<void> {
  const stored: StoredEvent = { offset: ref.logLength(), data };
  await appendDeployEvent(platform.store, ref.app, ref.deploy, type, stored);
  platform.signals.notify(deployTopic(ref.app, ref.deploy));
}
