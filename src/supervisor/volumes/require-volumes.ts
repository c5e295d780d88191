import { closeSync } from "node:fs";
import type { Layout } from "#core/layout.ts";
import type { ReleaseRecord } from "#core/records.ts";
import { Refusal } from "../refusal.ts";
import { openDirectory } from "../safe-path.ts";

/** Throws a Refusal when what a release keeps is gone: started without, the app would believe that it never had anything. */
export function requireVolumes(layout: Layout, { app, volumes = [] }: Pick<ReleaseRecord, "app" | "volumes">): void {
  for (const { name, type } of volumes) {
    if (type !== "persist") continue;
    try {
      closeSync(openDirectory(layout.apps, [app, "volumes", name]));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(error.code, `Its volume ${name} is not there, or no directory.`);
    }
  }
}
