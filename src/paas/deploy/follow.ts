/**
 * What a watcher of a deploy sees: steps and end from the store, output from the build's log, in the order in which they
 * happened. An event's id is `offset * 1000 + seq`: how far the log, and which stored event, the watcher has seen; so it
 * can come back at exactly this place, also after a restart of hop3d.
 */
import type { DoneEvent, OutputEvent, StepEvent } from "#core/api/deploys.ts";
import { listDeployEvents } from "#store/deploy-events.ts";
import { deployNotFound, getDeploy, type Deploy } from "#store/deploys.ts";
import { liveArtifact } from "../live-artifact.ts";
import { servedUrl } from "../served.ts";
import { readLines } from "../follow-file.ts";
import { parseLogLine } from "../log-line.ts";
import type { Platform } from "../platform.ts";
import { deployTopic, type StoredEvent } from "./reporter.ts";

export type FollowedEvent =
  | { readonly event: "step"; readonly data: StepEvent; readonly id: string }
  | { readonly event: "output"; readonly data: OutputEvent; readonly id: string }
  | { readonly event: "done"; readonly data: DoneEvent; readonly id: string };

/** Stored events of one deploy; steps are begun and ended about twenty times. */
const seqMax = 1000;
/** How long new output may wait to be seen, in milliseconds. */
const patience = 100;

/** Ends after `done`. Throws NOT_FOUND. */
export async function* followDeploy(
  platform: Platform,
  app: string,
  deploy: number,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent> {
  const row = await getDeploy(platform.store, app, deploy);
  if (row === undefined) throw deployNotFound(app, deploy);
  let offset = Math.floor(after / seqMax);
  let seq = after % seqMax;
  const id = () => String(offset * seqMax + seq);
  // A change of configuration builds nothing and has no log.
  const log = row.build === null ? undefined : platform.layout.buildLog(app, row.build);
  while (!signal.aborted) {
    const [next] = await listDeployEvents(platform.store, app, deploy, seq, 1);
    const stored = next?.data as StoredEvent | undefined;
    const limit = stored?.offset ?? Infinity;
    if (log !== undefined && offset < limit) {
      const lines = await readLines(log, offset);
      for (const { text, end } of lines) {
        if (end > limit) break;
        offset = end;
        const { text: line, stream } = parseLogLine(text, "");
        yield { event: "output", data: { line, stream }, id: id() };
      }
      if (lines.length > 0 && offset < limit) continue;
    }
    if (next === undefined || stored === undefined) {
      // Its app may have been destroyed meanwhile: then no end will ever come.
      const now = await getDeploy(platform.store, app, deploy);
      if (now === undefined) throw deployNotFound(app, deploy);
      await platform.signals.wait(deployTopic(app, deploy), patience, signal);
      const isOver = now.endedAt !== null && (await listDeployEvents(platform.store, app, deploy, seq, 1)).length === 0;
      if (!isOver) continue;
      // Its process died between the end and the telling of it.
      yield { event: "done", data: await doneOf(platform, now), id: id() };
      return;
    }
    seq = next.seq;
    offset = Math.max(offset, stored.offset);
    if (next.type === "done") {
      yield { event: "done", data: stored.data as DoneEvent, id: id() };
      return;
    }
    yield { event: "step", data: stored.data as StepEvent, id: id() };
  }
}

async function doneOf(platform: Platform, { app, state, release, error }: Deploy): Promise<DoneEvent> {
  const outcome = state === "succeeded" || state === "canceled" ? state : "failed";
  if (outcome === "succeeded") {
    const artifact = await liveArtifact(platform, app);
    return { outcome, release, url: artifact === undefined ? null : servedUrl(platform, artifact) };
  }
  const told = error === null ? {} : { error: { ...error, details: [...error.details] } };
  return { outcome, release: null, url: null, ...told };
}
