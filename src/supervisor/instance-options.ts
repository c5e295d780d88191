import type { ReleaseRecord, RestartPolicy } from "#core/records.ts";
import type { DesiredInstance } from "./desired.ts";
import { hasRoom, type Memory } from "./memory.ts";
import { Refusal } from "./refusal.ts";
import type { SupervisedOptions } from "./supervised-options.ts";

/** Of the apps (apps.ts), what an instance is run by. */
type Owner = {
  readonly options: Pick<SupervisedOptions, "clock" | "timing" | "run" | "fence" | "fault" | "log"> & {
    readonly memory: () => Memory;
  };
  directory(id: string): string;
  writeSlots(app: string): void;
  change(app: string, ids: readonly string[], facts: Partial<DesiredInstance>): void;
  instance(app: string, id: string): DesiredInstance;
  release(app: string, release: number): ReleaseRecord;
};

/** What the Supervised of an app's instance is handed, but for what only its owner can do. */
export function instanceOptions(
  apps: Owner,
  app: string,
  id: string,
): Omit<SupervisedOptions, "prepare" | "turns" | "forget" | "changed"> {
  const { clock, timing, run, fence, fault, memory } = apps.options;
  const log: SupervisedOptions["log"] = (message, fields) => apps.options.log(message, { app, ...fields });
  return {
    id,
    directory: apps.directory(id),
    clock,
    timing,
    run,
    fence,
    fault,
    log,
    slots: () => apps.writeSlots(app),
    door: run.system?.door(app, id),
    warmth: { hasRoom: () => hasRoom(memory()), kept: () => apps.change(app, [id], { leavingUntil: null }) },
    policy: () => policyOf(apps, app, id),
    noteOver(over) {
      try {
        apps.change(app, [id], { over });
      } catch (error) {
        // A full disk. The next supervisor would start it once more.
        log("its end could not be written down", { id, reason: String(error) });
      }
    },
  };
}

/** What its record says as it is now; the standard policy when it cannot be read. */
function policyOf(apps: Owner, app: string, id: string): RestartPolicy {
  try {
    const { release, type } = apps.instance(app, id);
    return apps.release(app, release).processes[type]?.restart ?? "always";
  } catch (error) {
    if (error instanceof Refusal) return "always";
    throw error;
  }
}
