/** Answers to requests with an Idempotency-Key, in memory, for tests. */
import type { Answers } from "./repeats.ts";

type Row = { request: string; body: string | null; answer: string | null; process: string };

/** As the store keeps them, which outlive a server. */
export function memoryAnswers(rows = new Map<string, Row>()): Answers & { readonly rows: Map<string, Row> } {
  const nameOf = ({ credential, key }: { credential: string; key: string }) => `${credential} ${key}`;
  return {
    rows,
    begin: async (at, { request, process }) => {
      const kept = rows.get(nameOf(at));
      if (kept === undefined) rows.set(nameOf(at), { request, body: null, answer: null, process });
      return kept;
    },
    keep: async (at, of) => void Object.assign(rows.get(nameOf(at)) ?? {}, of),
    forget: async (at) => void rows.delete(nameOf(at)),
  };
}
