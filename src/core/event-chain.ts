/**
 * The audit log as a chain, for whoever holds its rows: the database, or a file that was exported from it. A row is as it was
 * stored; its hash is the SHA-256 of the hash before it, a line feed, and the row's canonical JSON without the hash, in
 * which `details` is a text.
 */
import { canonicalJson, chainHash, genesisHash } from "./hash-chain.ts";

export type EventRow = {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly app: string | null;
  readonly target: string | null;
  readonly outcome: string;
  /** JSON, as text. */
  readonly details: string;
  readonly hash: string;
};

export function eventHash(previous: string, row: Omit<EventRow, "hash">): string {
  const { seq, at, actor, action, app, target, outcome, details } = row;
  return chainHash(previous, canonicalJson({ seq, at, actor, action, app, target, outcome, details }));
}

export type ChainWalk = {
  /** Rows walked, and the hash of the last. */
  readonly seq: number;
  readonly hash: string;
  /** Whether the hash that was noted elsewhere has come by; true when none was. */
  readonly metKnown: boolean;
  /** What is wrong with the next row; undefined when it fits. After a complaint the walk is over. */
  add(row: EventRow): string | undefined;
};

/** `known`: a hash of the log that was noted elsewhere. A chain that does not go through it is another one, or a shorter one. */
export function walkChain(known?: string): ChainWalk {
  let seq = 0;
  let hash = genesisHash;
  let met = known === undefined || known === genesisHash;
  return {
    get seq() {
      return seq;
    },
    get hash() {
      return hash;
    },
    get metKnown() {
      return met;
    },
    add(row) {
      seq += 1;
      if (row.seq !== seq) return row.seq > seq ? "it is missing" : `event ${row.seq} stands in its place`;
      if (eventHash(hash, row) !== row.hash) return "its hash does not fit what it says and what stands before it";
      hash = row.hash;
      met ||= hash === known;
      return undefined;
    },
  };
}
