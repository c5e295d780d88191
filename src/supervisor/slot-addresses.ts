import { stays, type DesiredApp } from "./desired.ts";
import type { Supervised } from "./supervised.ts";

/** The process type that the edge sends requests to. */
export const webType = "web";

/**
 * Where requests may go now: the ready web instances of the live release that are proven and stay, unless the app is stopped; and every
 * address where one of those might listen, ready or not. `look` has what runs of an instance, and its socket.
 */
export function slotAddresses(
  desired: DesiredApp,
  look: (id: string) => readonly [Pick<Supervised, "state" | "address"> | undefined, string],
): { readonly addresses: readonly string[]; readonly may: ReadonlySet<string> } {
  const addresses: string[] = [];
  const may = new Set<string>();
  for (const one of desired.stopped ? [] : desired.instances) {
    if (one.type !== webType || one.release !== desired.live || !one.proven || !stays(one)) continue;
    const [running, socket] = look(one.id);
    if (running?.state === "ready" && running.address !== null) addresses.push(running.address);
    may.add(`unix/${socket}`).add(`127.0.0.1:${one.port}`).add(`[::1]:${one.port}`);
  }
  return { addresses, may };
}
