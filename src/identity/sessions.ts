/** Sessions: what a login leads to. A bearer secret as a token's, which ends without use and, at the latest, after its life. */
import { sessionIdleSeconds, sessionSeconds, sessionsMax } from "#core/credential-limits.ts";
import { transaction, type Db } from "#store/db.ts";
import { createToken, forgetEnded, listTokens, revokeToken, type Token } from "#store/tokens.ts";
import type { Asker } from "./identity.ts";
import { tell } from "./tell.ts";

/** Milliseconds for which an ended session is still listed, for who wonders. */
const keepEndedMs = 30 * 24 * 3600 * 1000;

/** `secret` is told once. Beyond the most sessions of a user, those that were used longest ago end. */
export async function openSession(
  tx: Db,
  {
    user,
    org,
    address,
    agent,
    seconds = sessionSeconds,
  }: {
    readonly user: string;
    readonly org: string;
    readonly address: string | null;
    readonly agent: string | undefined;
    /** Its longest life. */
    readonly seconds?: number;
  },
): Promise<{ readonly token: Token; readonly secret: string }> {
  const now = tx.clock.now();
  await forgetEnded(tx, user, "session", new Date(now - keepEndedMs).toISOString());
  const live = (await listTokens(tx, user)).filter((token) => token.kind === "session" && isLive(token, now));
  const byUse = live.toSorted((a, b) => (a.lastUsedAt ?? a.createdAt).localeCompare(b.lastUsedAt ?? b.createdAt));
  for (const { id } of byUse.slice(0, Math.max(0, byUse.length - sessionsMax + 1))) await revokeToken(tx, id);
  return createToken(tx, {
    kind: "session",
    user,
    org,
    name: "login",
    expiresAt: new Date(now + seconds * 1000).toISOString(),
    idleSeconds: sessionIdleSeconds,
    address,
    agent: agent ?? null,
  });
}

/** Whether a credential is good at this time, as far as it alone can tell. */
export function isLive({ revokedAt, expiresAt, idleSeconds, lastUsedAt, createdAt }: Token, now: number): boolean {
  if (revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= now)) return false;
  return idleSeconds === null || now - Date.parse(lastUsedAt ?? createdAt) < idleSeconds * 1000;
}

/** Ends what this request was allowed by; its id. */
export async function logOut(db: Db, { principal, actor }: Asker): Promise<string> {
  const { id } = principal.credential;
  await transaction(db, async (tx) => {
    await revokeToken(tx, id);
    await tell(tx, actor, { action: "logout", target: principal.name });
  });
  return id;
}
