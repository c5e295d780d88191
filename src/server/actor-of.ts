/** Who asks, as the audit log keeps it. */
import { nowhere, type Actor } from "#core/actor.ts";
import type { Principal } from "#identity/principal.ts";

/** Nobody unless it has shown by a credential who it is. */
export function actorOf(principal: Principal | null, address: string | null, requestId: string): Actor {
  const from = { ...nowhere, address, requestId };
  if (principal === null) return { name: "nobody", ...from };
  const { name, org, credential } = principal;
  return { ...from, name, org, credential: { kind: credential.kind, id: credential.id, name: credential.name } };
}
