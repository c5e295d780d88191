/** What goes with a request from where it came in to who answers it. */
import type { Duplex } from "node:stream";
import type { Audited } from "./audit.ts";
import type { Arrival } from "./client-address.ts";

export type Bindings = Arrival & {
  /** How a request that asks for another protocol is told that it gets it (upgrade.ts); `ended` says when it must end. */
  readonly upgrade?: (stream: Duplex, ended: AbortSignal) => void;
  /** As Node has it: its address is not resolved yet. */
  readonly incoming?: { readonly url?: string | undefined };
  readonly outgoing?: { readonly writableFinished: boolean; destroy(): unknown };
};

export type RequestEnv = { Bindings: Bindings; Variables: { requestId: string; user: string; audited: Audited } };
