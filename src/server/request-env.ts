/** What goes with a request from where it came in to who answers it. */
import type { Duplex } from "node:stream";
import type { Audited } from "./audit.ts";

/** How a request that asks for another protocol is told that it gets it (upgrade.ts). */
export type Bindings = {
  readonly upgrade?: (stream: Duplex) => void;
  /** As Node has it: its address is not resolved yet. */
  readonly incoming?: {
    readonly url?: string | undefined;
    readonly socket?: { readonly remoteAddress?: string | undefined };
  };
};

export type RequestEnv = { Bindings: Bindings; Variables: { requestId: string; user: string; audited: Audited } };
