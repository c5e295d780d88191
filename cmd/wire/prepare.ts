/**
 * What must exist before the supervisor starts: the database, the edge's document, and a token for the person at this
 * terminal. Who can write the server's files is its admin; no network request can do this.
 */
import { existsSync } from "node:fs";
import { platformActor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { createFirstAdmin } from "#identity/first-admin.ts";
import { recoverAdmin } from "#identity/recover-admin.ts";
import type { OneTime } from "#identity/users.ts";
import { writeEdgeDocument } from "#paas/edge.ts";
import type { Platform } from "#paas/platform.ts";
import type { Db } from "#store/db.ts";
import { appendEvent } from "#store/events.ts";
import { firstOrg } from "#store/orgs.ts";
import { createToken, findToken } from "#store/tokens.ts";
import { lockAdmins } from "#store/users.ts";
import { openLog } from "#sys/log.ts";
import { pinnedTools } from "#sys/tools.ts";
import { identityOf } from "#cmd/wire/identity-use-cases.ts";
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

/** Makes an admin, or lets one in again: what is to be told, once. */
export function recoverAdminHere(
  settings: ServerSettings,
  version: string,
  name: string,
): Promise<OneTime & { readonly made: boolean }> {
  return withPlatform(settings, version, (platform) => recoverAdmin(identityOf(platform), name));
}

/** A new token of the user `admin`. `name` says whose it is. */
export function issueToken(settings: ServerSettings, version: string, name: string): Promise<string> {
  return withPlatform(settings, version, (platform) => tokenOf(platform, name, undefined));
}

async function tokenOf({ store }: Platform, name: string, present: string | undefined): Promise<string> {
  const first = await createFirstAdmin(store);
  if (first !== undefined) return first.secret;
  if (present !== undefined && (await findToken(store, present)) !== undefined) return present;
  const user = await anAdmin(store);
  const { token, secret } = await createToken(store, { user, name });
  const details = { token: token.id, for: user };
  await appendEvent(store, { actor: platformActor, action: "token.create", outcome: "ok", details });
  return secret;
}

/** `admin`, where it is still one who may log in; else another. Throws CONFLICT when there is none. */
async function anAdmin(store: Db): Promise<string> {
  const admins = await lockAdmins(store, firstOrg);
  const [first] = admins.includes("admin") ? ["admin"] : admins;
  if (first !== undefined) return first;
  throw new AppError("CONFLICT", "No admin of this server may log in.", {
    hint: "`hop3 server admin NAME` makes one; sudo where the server was installed.",
  });
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
