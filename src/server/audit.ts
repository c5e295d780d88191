/**
 * What the audit log learns from requests, beside what use cases tell it: every refusal, every mutation that failed, every
 * look at secrets, and each mutation of which its use case told nothing. Nothing a route can forget: it follows from the
 * route's own declaration.
 */
import type { Action } from "#core/actions.ts";
import type { Actor } from "#core/actor.ts";
import type { Route } from "#core/api/route.ts";
import { type AppError, type ErrorCode, errorTable } from "#core/errors.ts";
import { isAppName } from "#core/names.ts";
import type { Log } from "#sys/log.ts";
import { refusalLog, type AuditEntry } from "./refusals.ts";

export type Audit = (entry: AuditEntry) => Promise<unknown>;

/** To look at these is an event of its own. */
const secretActions: ReadonlySet<Route["action"]> = new Set<Action>(["app.env.read", "system.logs"]);

/** These are refusals whatever was asked for. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["DENIED", "UNAUTHENTICATED", "RATE_LIMITED"]);

export type RequestAudit = {
  /** Before secrets are read; when it cannot be written, they are not read. */
  looked(request: Audited): Promise<void>;
  /** A request that went well: what its use case has not told is told here. */
  succeeded(request: Audited): Promise<void>;
  /** The same for a stream: it has gone well so far when its first item comes, or its end without one. */
  once<Item>(request: Audited, source: AsyncIterable<Item>): AsyncIterable<Item>;
  failed(request: Audited, error: AppError): Promise<void>;
};

/** A request as far as it has come. */
export type Audited = {
  readonly name: string | undefined;
  /** Undefined when it was refused before anybody looked what it asks for. */
  readonly route: Route | undefined;
  actor: Actor;
  readonly app: string | undefined;
  /** Whether `can` has said yes. Before that, also that an app is not found is a refusal: it may be there, unseen. */
  admitted: boolean;
  /** Outcomes that the use case has told of it. */
  readonly told: Set<string>;
};

export function requestAudit(
  write: Audit,
  now: () => number,
  log: Pick<Log, "error">,
  closing?: AbortSignal,
): RequestAudit {
  const counted = refusalLog(async (entry) => {
    await write(entry).catch((error: unknown) => {
      log.error("a refusal could not be written to the audit log", { ...entry, error });
    });
  }, now);
  closing?.addEventListener("abort", () => void counted.flush(true), { once: true });

  const entryOf = ({ route, actor, app }: Audited, outcome: AuditEntry["outcome"]): AuditEntry => ({
    actor,
    action: route?.action ?? "request",
    // A path's name that is none is nobody's app: it is not written down.
    ...(app === undefined || !isAppName(app) ? {} : { app }),
    outcome,
  });
  const succeeded = async (request: Audited): Promise<void> => {
    const { name, route, told } = request;
    if (route === undefined || !changes(route) || told.size > 0 || route.event !== undefined) return;
    told.add("ok");
    await write({ ...entryOf(request, "ok"), details: { route: name } });
  };
  return {
    async looked(request) {
      if (request.route !== undefined && secretActions.has(request.route.action)) await write(entryOf(request, "ok"));
    },
    succeeded,
    async *once(request, source) {
      for await (const item of source) {
        await succeeded(request);
        yield item;
      }
      await succeeded(request);
    },
    async failed(request, { code }) {
      const { name, route, admitted, told } = request;
      // A wrong password, say: the use case knows whose.
      if (told.has(code)) return;
      const unseen = code === "APP_NOT_FOUND" && !admitted;
      // Bad input is a mistake of typing; what was not even understood was not attempted.
      const attempted = route !== undefined && changes(route) && errorTable[code].http !== 400;
      if (refusals.has(code) || unseen || attempted) {
        await counted.add({ ...entryOf(request, code), details: name === undefined ? {} : { route: name } });
      }
    },
  };
}

function changes({ method, response }: Route): boolean {
  return method !== "GET" || response === "upgrade";
}
