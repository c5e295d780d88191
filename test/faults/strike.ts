/** What is done to a platform in a cell. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { eventually } from "../e2e/apps.ts";
import type { RunningPlatform } from "../e2e/platform.ts";
import type { Census } from "./census.ts";
import { victims, type Cell, type Moment, type Victim } from "./kills.ts";

/** Those of the row that have no process have none: looked into at each kill of the row. */
export function assertAbsent(found: Census, { cells }: Moment): void {
  for (const [victim, why] of Object.entries(cells) as [Victim, Cell][]) {
    if (typeof why === "string")
      assert.equal(found[victim], undefined, `process ${found[victim]} is a ${victims[victim]}, but ${why}`);
  }
}

export async function cancel(
  platform: RunningPlatform,
  app: string,
  deploy: number | undefined,
  when: NonNullable<Moment["canceled"]>,
): Promise<void> {
  void platform.api("POST", `/apps/${app}/deploys/${deploy}/cancel`).catch(() => undefined);
  if (when === "with the kill") return;
  await eventually("the cancel is accepted", () => {
    const store = new DatabaseSync(platform.layout.database, { readOnly: true });
    const sql = "SELECT 1 FROM events WHERE action = 'app.deploy.cancel' AND app = ? AND target = ?";
    const found = store.prepare(sql).get(app, `deploy ${deploy}`);
    store.close();
    return found !== undefined;
  });
}

/** `mayBeGone`: something else ends it at the same time. */
export async function strike(
  platform: RunningPlatform,
  pid: number | undefined,
  victim: Victim,
  mayBeGone: boolean,
): Promise<void> {
  assert.ok(pid !== undefined, `there is no ${victims[victim]} to kill`);
  if (victim === "supervisor") {
    await platform.killSupervisor();
    await platform.startAgain();
  } else {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!mayBeGone) throw error;
    }
  }
  // Else the deploy might go on in one that is not dead yet.
  await eventually(`${victims[victim]} is dead`, () => readdirSync("/proc").every((name) => name !== String(pid)));
}
