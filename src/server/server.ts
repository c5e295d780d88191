/**
 * The HTTP API. It owns the way of a request: host check, limits, authentication, `can()`, input within its limits, the use
 * case, the answer in the contract's shape. It knows no app, no store, no supervisor; all of that is behind `UseCases`.
 */
import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import type { Action } from "#core/actions.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { isAppName } from "#core/names.ts";
import type { Log } from "#sys/log.ts";
import { appResource, type Principal, type Resource, server } from "#identity/principal.ts";
import { actorOf } from "./actor-of.ts";
import { answerRoute } from "./answer-route.ts";
import type { Actor } from "#core/actor.ts";
import { type Audit, type Audited, requestAudit } from "./audit.ts";
import { carefulRuns } from "./careful-run.ts";
import { clientAddress } from "./client-address.ts";
import { checkHost } from "./host-check.ts";
import { holdRequest } from "./hold-request.ts";
import { noRoute } from "./known-paths.ts";
import { watchOpenRequests, type OpenRequests } from "./open-requests.ts";
import { requirePlainPath } from "./plain-path.ts";
import { parseInput } from "./input.ts";
import type { GitOptions } from "./git/conversation.ts";
import { serveGit } from "./git/http.ts";
import { problemResponse } from "./problem.ts";
import type { Answers } from "./repeats.ts";
import { rateLimiter, rateLimitsOf, standardRate } from "./rate-limits.ts";
import type { RequestEnv } from "./request-env.ts";
import { defaultStreamLimits, openStreams, type StreamLimits } from "./streams.ts";
import type { UseCases } from "./use-cases.ts";

export type ServerOptions = {
  readonly useCases: UseCases;
  /** From the Authorization header and the client's address to who asks; throws UNAUTHENTICATED. */
  readonly authenticate: (authorization: string | undefined, address: string | undefined) => Promise<Principal>;
  /** The same principal as it is now; undefined when its credential is not good any more. Asked while a request is open. */
  readonly reloadPrincipal: (principal: Principal) => Promise<Principal | undefined>;
  /** Throws when the principal may not. */
  readonly authorize: (principal: Principal | undefined, action: Action, resource: Resource) => void;
  /** The organisation that an app belongs to; undefined when there is no such app. */
  readonly orgOfApp: (app: string) => Promise<string | undefined>;
  readonly log: Pick<Log, "info" | "error">;
  /** Writes to the audit log (audit.ts). */
  readonly audit: Audit;
  /** Where the edge serves the API, lower case, without port: the name that requests on its socket must have. */
  readonly adminDomain?: string | undefined;
  /** Pushes and fetches; without it there are no addresses for git. */
  readonly git?: GitOptions;
  /** Largest uploaded archive, in bytes. */
  readonly tarMax: number;
  /** Aborted when the server closes: ends every stream. */
  readonly closing?: AbortSignal;
  readonly heartbeatMs?: number;
  readonly streams?: StreamLimits;
  /** Requests a second of one credential; what else is limited follows from it (rate-limits.ts). */
  readonly rate?: number;
  /** Where answers to requests with an Idempotency-Key are kept; without it no key is taken. */
  readonly answers?: Answers;
  /** Shared with whoever else serves connections for a principal; one of its own unless given. */
  readonly open?: OpenRequests;
};

const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const none: ReadonlySet<string> = new Set();

export function createServer(options: ServerOptions): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  const hosts = new Set(options.adminDomain === undefined ? [] : [options.adminDomain]);
  const elapsed = () => performance.now();
  const audit = requestAudit(options.audit, elapsed, options.log, options.closing);
  const streams = openStreams(options.streams ?? defaultStreamLimits);
  const rates = rateLimiter(rateLimitsOf(options.rate ?? standardRate), elapsed);
  const open = options.open ?? watchOpenRequests(options);
  options.closing?.addEventListener("abort", () => open.close(), { once: true });

  app.use(async (context, next) => {
    const started = performance.now();
    context.set("requestId", randomUUID());
    const address = clientAddress(context.env ?? {});
    const actor = actorOf(null, address, context.get("requestId"));
    context.set("audited", {
      name: undefined,
      route: undefined,
      app: undefined,
      actor,
      admitted: false,
      told: new Set(),
    });
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    context.header("x-request-id", context.get("requestId"));
    const { status } = context.res;
    const ms = Math.round(performance.now() - started);
    options.log.info("request", {
      requestId: context.get("requestId"),
      ...clientsId(context.req.header("x-request-id")),
      user: context.get("user"),
      address,
      method: context.req.method,
      path: context.req.path,
      status,
      ms,
    });
  });
  app.use(async (context, next) => {
    const isEdge = context.env?.listener === "edge";
    checkHost(context.req.header("host"), isEdge ? { loopback: false, hosts } : { loopback: true, hosts: none });
    const { address } = context.get("audited").actor;
    if (isEdge && address === null) {
      throw new AppError("INVALID_INPUT", "The edge did not say where the request comes from.");
    }
    requirePlainPath(context.env?.incoming?.url ?? "");
    rates.address(address);
    // Hono answers HEAD as GET without a body: it would open a stream that nobody reads and nobody closes.
    if (context.req.method === "HEAD") return await context.notFound();
    await next();
    return undefined;
  });

  /** The one funnel of what went wrong in a request; only the log sees the cause. */
  const failure = (thrown: unknown, requestId: string): AppError => {
    const error = toAppError(thrown);
    if (error.cause !== undefined || error.code === "INTERNAL") {
      options.log.error(error.message, { requestId, code: error.code, error: error.cause ?? error });
    }
    return error;
  };
  app.onError(async (thrown, context) => {
    const requestId = context.get("requestId");
    const error = failure(thrown, requestId);
    await audit.failed(context.get("audited"), error);
    return problemResponse(error, requestId);
  });
  const unknown = noRoute(Object.values(routes));
  app.notFound((context) => {
    const { error, allow } = unknown(context.req.method, context.req.path);
    const response = problemResponse(error, context.get("requestId"));
    if (allow !== undefined) response.headers.set("allow", allow);
    return response;
  });

  const runs = carefulRuns(options.answers, randomUUID());
  type Looking = {
    readonly actor: Actor;
    readonly principal: Principal | null;
    readonly resource: () => Promise<Resource>;
    readonly signal: AbortSignal;
  };
  /** What another route answers, for who may ask it. */
  const look = async (route: Route, params: unknown, { resource, ...call }: Looking): Promise<unknown> => {
    await admit(route, call.principal, resource, options);
    const found = Object.entries(routes).find(([, one]) => one === route);
    if (found === undefined) throw new AppError("INTERNAL", "A route goes by one that is none.");
    const useCase = options.useCases[found[0] as keyof typeof routes] as (call: unknown) => Promise<unknown>;
    return await useCase({ params, query: route.query?.parse({}) ?? {}, headers: {}, body: undefined, ...call });
  };

  for (const name of Object.keys(routes) as (keyof typeof routes)[]) {
    const route: Route = routes[name];
    const useCase = options.useCases[name] as (call: unknown) => unknown;

    app.on(route.method, `${apiPrefix}${route.path}`, async (context) => {
      const request = context.req.raw;
      const requestId = context.get("requestId");
      const params: Readonly<Record<string, string>> = context.req.param();
      const audited: Audited = { ...context.get("audited"), name, route, app: params["app"] };
      context.set("audited", audited);
      const { address } = audited.actor;
      if (route.action === "public") rates.publicAddress(address);
      const principal = await identify(route, context.req.header("authorization"), address ?? undefined, options).catch(
        (error: unknown) => {
          if (toAppError(error).code === "UNAUTHENTICATED") rates.failed(address);
          throw error;
        },
      );
      const onEvent = (outcome: string): void => void audited.told.add(outcome);
      const actor = { ...actorOf(principal, address, requestId), onEvent };
      audited.actor = actor;
      if (principal !== null) {
        context.set("user", principal.name);
        rates.credential(principal.credential.id);
      }
      const resource = () => resourceOf(params["app"], options);
      await admit(route, principal, resource, options);
      audited.admitted = true;
      const held = holdRequest(open, { principal, action: route.action, resource, outgoing: context.env?.outgoing });
      try {
        const input = await parseInput(route, request, params, { tarMax: options.tarMax, ended: held.ended });
        await audit.looked(audited);
        const careful: { headers?: Headers } = {};
        const run = (call: { readonly signal: AbortSignal }): unknown => {
          const started = runs.start({
            route,
            request,
            input,
            credential: principal?.credential.id,
            run: (body) => useCase({ ...input, body, actor, principal, ...call }),
            look: (other, seen) => look(other, seen, { actor, principal, resource, ...call }),
          });
          careful.headers = started.headers;
          return started.result;
        };
        const response = await answerRoute(route, run, {
          user: actor.name,
          held,
          streams,
          audit: {
            // What was answered before was told of before.
            succeeded: async () => {
              if (careful.headers?.has("idempotency-replayed") !== true) await audit.succeeded(audited);
            },
            once: (source) => audit.once(audited, source),
          },
          gone: request.signal,
          closing: options.closing,
          upgrade: context.env?.upgrade,
          heartbeatMs: options.heartbeatMs,
          fail: (thrown) => {
            const error = failure(thrown, requestId);
            void audit.failed(audited, error);
            return error;
          },
        });
        careful.headers?.forEach((value, header) => response.headers.set(header, value));
        return response;
      } catch (error) {
        held.release();
        throw error;
      }
    });
  }
  if (options.git !== undefined) serveGit(app, { ...options.git, audit, failure, rates });
  return app;
}

/** Who it is. Null only on a public route. Throws UNAUTHENTICATED. */
async function identify(
  route: Route,
  authorization: string | undefined,
  address: string | undefined,
  { authenticate }: ServerOptions,
): Promise<Principal | null> {
  return route.action === "public" ? null : await authenticate(authorization, address);
}

/** Default deny: whether it may. Throws DENIED, or APP_NOT_FOUND for an app that is not to be seen. */
async function admit(
  route: Route,
  principal: Principal | null,
  resource: () => Promise<Resource>,
  { authorize }: ServerOptions,
): Promise<void> {
  if (route.action === "public" || (route.action === "signed-in" && principal !== null)) return;
  if (route.action === "signed-in") throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  authorize(principal ?? undefined, route.action, await resource());
}

async function resourceOf(app: string | undefined, { orgOfApp }: ServerOptions): Promise<Resource> {
  return app === undefined ? server : appResource(app, isAppName(app) ? await orgOfApp(app) : undefined);
}

/** A client's own name for its request, in the log beside ours, when it cannot be taken for anything else. */
function clientsId(text: string | undefined): { readonly clientRequestId?: string } {
  return text !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(text) ? { clientRequestId: text } : {};
}
