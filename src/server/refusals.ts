/**
 * Refusals on their way into the audit log. Each is told, but not each with a row of its own: a log that fills the disk
 * would be an attack of its own. The numbers, each for all who are not logged in together and for each user:
 * - the same refusal (who, by what, from where, what, how) is one row; its repeats within the minute are one more, with
 *   how many they were (`times`);
 * - 100 rows at once, then 10 a minute;
 * - what is beyond is one row a minute that counts it (`refusals`).
 * So whoever tries for a day writes about 16 000 rows, or 8 MB.
 */
import { nowhere, type Actor } from "#core/actor.ts";
import type { ErrorCode } from "#core/errors.ts";

export type AuditEntry = {
  readonly actor: Actor;
  readonly action: string;
  readonly app?: string;
  /** `ok`, or an error's code. */
  readonly outcome: "ok" | ErrorCode;
  readonly details?: Readonly<Record<string, unknown>>;
};

export type Refusals = {
  /** Resolves when it is written, or counted. */
  add(entry: AuditEntry): Promise<void>;
  /** Writes what was counted, if its minute is over; what is left is written by a timer. */
  flush(everything?: boolean): Promise<void>;
};

export const refusalLimits = { sameMs: 60_000, burst: 100, perMinute: 10 } as const;

/** Told of several that are no longer told apart. */
const counted = "request.refused";

type Seen = { readonly entry: AuditEntry; readonly since: number; times: number };
type Source = { readonly actor: Actor; rows: number; at: number; beyond: number; readonly seen: Map<string, Seen> };

/** `now` in milliseconds of a clock that nobody sets. `write` must not throw. */
export function refusalLog(write: (entry: AuditEntry) => Promise<void>, now: () => number): Refusals {
  /** By user; users are few, and nobody is one. */
  const sources = new Map<string, Source>();
  let timer: NodeJS.Timeout | undefined;

  const sourceOf = (actor: Actor): Source => {
    const found = sources.get(actor.name);
    if (found !== undefined) return found;
    const made = { actor, rows: refusalLimits.burst, at: now(), beyond: 0, seen: new Map() };
    sources.set(actor.name, made);
    return made;
  };
  const mayWrite = (source: Source): boolean => {
    const time = now();
    source.rows = Math.min(refusalLimits.burst, source.rows + ((time - source.at) / 60_000) * refusalLimits.perMinute);
    source.at = time;
    if (source.rows < 1) return false;
    source.rows -= 1;
    return true;
  };
  const later = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, refusalLimits.sameMs).unref();
  };

  async function flush(everything = false): Promise<void> {
    const rows: AuditEntry[] = [];
    for (const [name, source] of sources) {
      for (const [key, { entry, since, times }] of source.seen) {
        if (!everything && now() - since < refusalLimits.sameMs) continue;
        source.seen.delete(key);
        if (times === 0) continue;
        if (!mayWrite(source)) source.beyond += times;
        else rows.push({ ...entry, actor: { ...entry.actor, requestId: null }, details: { ...entry.details, times } });
      }
      if (source.beyond > 0) {
        const actor = { name: source.actor.name, ...nowhere };
        rows.push({ actor, action: counted, outcome: "RATE_LIMITED", details: { refusals: source.beyond } });
        source.beyond = 0;
      }
      if (source.seen.size > 0) later();
      else if (source.rows >= refusalLimits.burst) sources.delete(name);
    }
    for (const row of rows) await write(row);
  }

  return {
    async add(entry) {
      const source = sourceOf(entry.actor);
      const key = keyOf(entry);
      const before = source.seen.get(key);
      later();
      if (before !== undefined && now() - before.since < refusalLimits.sameMs) return void (before.times += 1);
      if (before !== undefined) await flush();
      if (!mayWrite(source)) return void (source.beyond += 1);
      source.seen.set(key, { entry, since: now(), times: 0 });
      await write(entry);
    },
    flush,
  };
}

/** Whoever shows no credential at all is told by address alone, whatever it asked for: a scan of all routes is one refusal. */
function keyOf({ actor, action, app, outcome, details }: AuditEntry): string {
  const { name, credential, address } = actor;
  // Logging in is not: whose password was wrong the use case tells.
  if (outcome === "UNAUTHENTICATED" && credential === null && action !== "public") {
    return JSON.stringify([address, outcome]);
  }
  return JSON.stringify([name, credential?.id, address, action, app, outcome, details]);
}
