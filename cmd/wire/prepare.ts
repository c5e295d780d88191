/**
 * What must exist before the supervisor starts: the database, the edge's document, and a token for the person at this
 * terminal. Who can write the server's files is its admin; no network request can do this.
 */
import { createFirstAdmin } from "#identity/first-admin.ts";
import { writeEdgeDocument } from "#paas/edge.ts";
import { appendEvent } from "#store/events.ts";
import { createToken, findToken } from "#store/tokens.ts";
import { openLog } from "#sys/log.ts";
import { pinnedTools } from "#sys/tools.ts";
import { makePlatform } from "#cmd/wire/platform.ts";
import type { ServerSettings } from "#cmd/wire/settings.ts";

/** Returns a token of the user `admin`: `present`, which this person has already, when it still works, else a new one. */
export async function prepare(settings: ServerSettings, version: string, present: string | undefined): Promise<string> {
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
    await writeEdgeDocument(platform);
    const first = await createFirstAdmin(platform.store);
    if (first !== undefined) return first.secret;
    if (present !== undefined && (await findToken(platform.store, present)) !== undefined) return present;
    const { token, secret } = await createToken(platform.store, { user: "admin", name: "npm start" });
    const details = { token: token.id, for: "admin" };
    await appendEvent(platform.store, { actor: "hop3", action: "token.create", outcome: "ok", details });
    return secret;
  } finally {
    platform.supervisor.close();
    await platform.store.close();
  }
}
