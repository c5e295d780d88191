/**
 * What must exist before the supervisor starts: the database, the edge's document, and a token for the person at this
 * terminal. Who can write the server's files is its admin; no network request can do this.
 */
import { existsSync } from "node:fs";
import { platformActor } from "#core/actor.ts";
import { createFirstAdmin } from "#identity/first-admin.ts";
import { writeEdgeDocument } from "#paas/edge.ts";
import type { Platform } from "#paas/platform.ts";
import { appendEvent } from "#store/events.ts";
import { createToken, findToken } from "#store/tokens.ts";
import { openLog } from "#sys/log.ts";
import { pinnedTools } from "#sys/tools.ts";
import { makePlatform } from "#cmd/wire/platform.ts";
import type { ServerSettings } from "#cmd/wire/settings.ts";

/** Returns a token of the user `admin`: `present`, which this person has already, when it still works, else a new one. */
export function prepare(settings: ServerSettings, version: string, present: string | undefined): Promise<string> {
  return withPlatform(settings, version, async (platform) => {
    await writeEdgeDocument(platform);
    return await tokenOf(platform, "npm start", present);
  });
}

/**
 * The same without a token, of system mode. A document that is there is the one that the edge may be running with: what
 * another version would write is for `hop3d` to load.
 */
export function prepareRecords(settings: ServerSettings, version: string): Promise<void> {
  return withPlatform(settings, version, async (platform) => {
    if (!existsSync(settings.layout.edgeDocument)) await writeEdgeDocument(platform);
  });
}

/** A new token of the user `admin`. `name` says whose it is. */
export function issueToken(settings: ServerSettings, version: string, name: string): Promise<string> {
  return withPlatform(settings, version, (platform) => tokenOf(platform, name, undefined));
}

async function tokenOf({ store }: Platform, name: string, present: string | undefined): Promise<string> {
  const first = await createFirstAdmin(store);
  if (first !== undefined) return first.secret;
  if (present !== undefined && (await findToken(store, present)) !== undefined) return present;
  const { token, secret } = await createToken(store, { user: "admin", name });
  const details = { token: token.id, for: "admin" };
  await appendEvent(store, { actor: platformActor, action: "token.create", outcome: "ok", details });
  return secret;
}

async function withPlatform<Result>(
  settings: ServerSettings,
  version: string,
  work: (platform: Platform) => Promise<Result>,
): Promise<Result> {
  const platform = await makePlatform({
    settings,
    tools: pinnedTools(),
    toolEnv: {},
    version,
    log: openLog({ name: "start", stream: process.stderr, level: "warn" }),
    stopping: new AbortController().signal,
    mayCreate: true,
  });
  try {
    return await work(platform);
  } finally {
    platform.supervisor.close();
    await platform.store.close();
  }
}
