/** The part of an app's environment that says where it lives. */
import type { Platform } from "./platform.ts";

export function appPlatformEnv({ layout }: Pick<Platform, "layout">, app: string): Record<string, string> {
  return {
    HOME: layout.appHome(app),
    HOP3_DATA_DIR: layout.appData(app),
    LANG: "C.UTF-8",
    TZ: "UTC",
  };
}
