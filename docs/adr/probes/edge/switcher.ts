// What every way of moving traffic has in common.
import type { Address } from "./address.ts";

export interface Switcher {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** From now on new requests of the moved app go to these instances only. */
  moveTo(live: readonly Address[]): Promise<void>;
  /** Resolves when the proxy has shown that it acts on what was set before the call. */
  fence(): Promise<void>;
  stop(): Promise<void>;
}

export interface Setup {
  readonly dir: string; // an empty directory of this run
  readonly binary: string;
  readonly first: Address; // the moved app's first instance
  readonly other: Address; // the app that is never touched
}
