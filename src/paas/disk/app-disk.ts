/** What an app takes of the disk, as the API shows it. */
import type { AppDisk } from "#core/api/disk.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";

/** Throws APP_NOT_FOUND. */
export async function appDisk(platform: Platform, name: string, fresh: boolean): Promise<AppDisk> {
  const { parts, unreadable, measuredAt } = await platform.disk.app(await requireApp(platform, name), fresh);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { app: name, bytes, parts, unreadable, measuredAt };
}
