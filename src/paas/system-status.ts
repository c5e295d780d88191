/** How the server is, check by check: what runs, what does not hold, and what would help. */
import type { SystemCheck, SystemStatus } from "#core/api/system.ts";
import { limitKinds, limitText } from "#core/app-limits.ts";
import { countMs, lookMs } from "#supervisor/disk/disk-limits.ts";
import type { HostStatus } from "#supervisor/host-facts.ts";
import type { ServiceStatus } from "#supervisor/protocol.ts";
import { roomNotes, wordsOf, type Room } from "./disk/room.ts";
import { hostStatus, modeNote } from "./host.ts";
import type { Platform } from "./platform.ts";

/** Seconds; src/supervisor/disk/disk-limits.ts. */
const lookSeconds = lookMs / 1000;
const countSeconds = countMs / 1000;

/** `more`: what others than the platform have to say. */
export async function systemStatus(platform: Platform, more: readonly SystemCheck[] = []): Promise<SystemStatus> {
  const { services } = await platform.supervisor.call("status", {}, { signal: platform.stopping });
  const host = await hostStatus(platform);
  const room = await platform.disk.room();
  const checks = [
    modeCheck(host),
    ...services.map(serviceCheck),
    ...wallChecks(host),
    ...ceilingChecks(host),
    diskCheck(room),
    ...diskLimitsCheck(host),
    ...more,
  ];
  const has = (state: SystemCheck["state"]) => checks.some((one) => one.state === state);
  return { mode: host.mode, state: has("failure") ? "failure" : has("warning") ? "warning" : "ok", checks };
}

/** User mode is what was chosen; as root it is more than anybody should choose. */
function modeCheck(host: HostStatus): SystemCheck {
  const note = modeNote(host);
  if (note === null) {
    return { name: "mode", state: "ok", message: "System mode: each app runs as a user of its own." };
  }
  if (host.appsRunAs !== "root") return { name: "mode", state: "ok", message: note };
  return { name: "mode", state: "warning", message: `${note} What takes over one of them has the whole server.` };
}

function serviceCheck({ name, state, restarts }: ServiceStatus): SystemCheck {
  const times = restarts === 0 ? "" : `, restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  const isUp = state === "ready";
  const isComing = state === "pending" || state === "starting" || state === "restarting";
  return {
    name: `service ${name}`,
    state: isUp ? "ok" : isComing ? "warning" : "failure",
    message: isUp
      ? `It runs${times}.`
      : `It does not run (${state})${times}. \`hop3 system logs --service ${name}\` has its last words.`,
  };
}

function wallChecks({ mode, missing }: HostStatus): SystemCheck[] {
  if (mode === "user") return [];
  if (missing.length === 0) return [{ name: "walls", state: "ok", message: "None is missing." }];
  return missing.map(({ wall, message }) => ({ name: `wall ${wall}`, state: "warning", message }));
}

function ceilingChecks({ mode, ceiling }: HostStatus): SystemCheck[] {
  if (mode === "user") return [];
  const all = limitKinds.flatMap(({ key, name }) => {
    const most = ceiling[name];
    return most === undefined ? [] : [`${key} ${limitText(name, most)}`];
  });
  const message = all.length === 0 ? "None are set." : `A release may take at most: ${all.join(", ")}.`;
  return [{ name: "ceilings", state: "ok", message }];
}

function diskLimitsCheck({ disk }: HostStatus): SystemCheck[] {
  if (disk === null) return [];
  const message = {
    quota: "The file system itself refuses what an app may not write.",
    counting: `By counting: an app that has too much is found within ${lookSeconds} to ${countSeconds} s, or later where it has so many files that counting them takes long, and is stopped then.`,
  }[disk];
  return [{ name: "disk limits", state: "ok", message }];
}

function diskCheck(room: Room): SystemCheck {
  const [note] = roomNotes(room);
  if (note === undefined) return { name: "disk", state: "ok", message: `${wordsOf(room)}.` };
  return { name: "disk", state: room.state === "full" ? "failure" : "warning", message: note };
}
