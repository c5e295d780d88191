/** One word for how an app is, from what the store wants and what the supervisor sees. Pure. */
import type { AppState } from "#core/api/apps.ts";
import type { App } from "#store/apps.ts";
import type { AppStatus } from "#supervisor/protocol.ts";
import { crashLoops } from "./crash-loop.ts";
import { hasEndedWell } from "./ended-well.ts";

/** `status` is undefined for an app that the supervisor does not know; one without processes is served by the edge alone. */
export function appState(
  app: Pick<App, "state" | "liveRelease" | "destroyedBy">,
  status: Pick<AppStatus, "stopped" | "instances" | "live"> | undefined,
  hasProcesses: boolean,
): AppState {
  if (app.destroyedBy !== null) return "stopping";
  if (app.liveRelease === null) return app.state === "failed" ? "failed" : "new";
  if (app.state === "stopped" || status?.stopped === true) return "stopped";
  const live = (status?.instances ?? []).filter(({ release }) => release === status?.live);
  // Scaled to 0, or unknown to the supervisor: nothing of it runs.
  if (live.length === 0) return hasProcesses ? "stopped" : "running";
  const ready = live.filter(({ state }) => state === "ready").length;
  // What is up for a moment between two crashes is not what runs.
  const looping = crashLoops({ live: status?.live ?? null, instances: live }).length;
  // What its policy lets stay ended after exit 0 has done its work.
  const done = live.filter(hasEndedWell).length;
  if (ready + done === live.length && looping === 0) return ready > 0 ? "running" : "stopped";
  if (ready > 0) return "degraded";
  if (looping > 0) return "failed";
  return live.some(({ state }) => state === "starting" || state === "restarting" || state === "pending")
    ? "starting"
    : "failed";
}
