/** The audit log as a whole: whether its chain holds, and its rows as they are stored. */
import type { ResponseOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { eventHead, rawEvents, verifyEvents } from "#store/events.ts";
import type { Platform } from "./platform.ts";

/** A walk reads the whole log: who asks meanwhile waits for its turn. Throws STORE_FAILED. */
export async function verifyAudit(
  { store, queue }: Pick<Platform, "store" | "queue">,
  known: string | undefined,
): Promise<ResponseOf<Routes["verifyAudit"]>> {
  return queue.run("verify the audit log", async () => {
    const verdict = await verifyEvents(store, known);
    const head = await eventHead(store).catch(() => null);
    if (verdict.ok) return { ok: true, head, seq: verdict.count, why: null };
    return { ok: false, head, seq: verdict.seq, why: verdict.why };
  });
}

export async function exportAudit(
  { store }: Pick<Platform, "store">,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<ResponseOf<Routes["exportAudit"]>> {
  // The head first: it is that of these rows or of earlier ones.
  const head = await eventHead(store);
  return { head, events: await rawEvents(store, after, limit) };
}
