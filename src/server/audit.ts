/**
 * What the audit log learns from requests, beside what use cases tell it of their successes: every refusal, every mutation
 * that failed, and every look at secrets. Nothing a route can forget: it follows from the route's own declaration.
 */
import type { Action } from "#core/actions.ts";
import type { Route } from "#core/api/route.ts";
import { type AppError, errorTable, toAppError } from "#core/errors.ts";
import { isAppName } from "#core/names.ts";
import type { Log } from "#sys/log.ts";

export type AuditEntry = {
  readonly actor: string;
  readonly action: string;
  readonly app?: string;
  /** `ok`, or an error's code. */
  readonly outcome: string;
};

export type Audit = (entry: AuditEntry) => Promise<unknown>;

/** To look at these is an event of its own. */
const secretActions: ReadonlySet<Action | "public" | "signed-in"> = new Set<Action>(["app.env.read", "system.logs"]);

/** The same refusal is written once in this many milliseconds: a log that fills the disk would be an attack of its own. */
const sameEvery = 60_000;
const rememberedMax = 1000;

export type RequestAudit = {
  /** Before secrets are read; when it cannot be written, they are not read. */
  looked(request: Audited): Promise<void>;
  /** Runs the request and writes down how it failed, if it did. */
  watch<Result>(request: Audited, work: () => Promise<Result>): Promise<Result>;
};

type Audited = { readonly route: Route; readonly actor: string; readonly app: string | undefined };

export function requestAudit(write: Audit, now: () => number, log: Pick<Log, "error">): RequestAudit {
  const written = new Map<string, number>();
  const entryOf = ({ route, actor, app }: Audited, outcome: string): AuditEntry => ({
    actor,
    action: route.action,
    // A path's name that is none is nobody's app: it is not written down.
    ...(app === undefined || !isAppName(app) ? {} : { app }),
    outcome,
  });
  const failed = async (request: Audited, { code }: AppError): Promise<void> => {
    // Bad input is a mistake of typing; what was not even understood was not attempted.
    const attempted = request.route.method !== "GET" && errorTable[code].http !== 400;
    if (!attempted && code !== "DENIED") return;
    const entry = entryOf(request, code);
    const key = JSON.stringify(entry);
    const last = written.get(key);
    if (last !== undefined && now() - last < sameEvery) return;
    if (written.size >= rememberedMax) written.clear();
    written.set(key, now());
    await write(entry).catch((error: unknown) => {
      log.error("a failure could not be written to the audit log", { ...entry, error });
    });
  };
  return {
    async looked(request) {
      if (secretActions.has(request.route.action)) await write(entryOf(request, "ok"));
    },
    async watch(request, work) {
      try {
        return await work();
      } catch (thrown) {
        await failed(request, toAppError(thrown));
        throw thrown;
      }
    },
  };
}
