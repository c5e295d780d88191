/** An app that a use case needs. */
import { appNotFound, getApp, type App } from "#store/apps.ts";
import type { Platform } from "./platform.ts";

/** Throws APP_NOT_FOUND. */
export async function requireApp({ store }: Pick<Platform, "store">, name: string): Promise<App> {
  const app = await getApp(store, name);
  if (app === undefined) throw appNotFound(name);
  return app;
}
