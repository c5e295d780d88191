/**
 * The HTTP API. It owns the way of a request: host check, authentication, `can()`, input within its limits, the use case,
 * the answer in the contract's shape. It knows no app, no store, no supervisor; all of that is behind `UseCases`.
 */
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { Hono } from "hono";
import type { Action } from "#core/actions.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { sessionProtocol } from "#core/session-frames.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { isAppName } from "#core/names.ts";
import type { Log } from "#sys/log.ts";
import { appResource, type Principal, type Resource, server } from "#identity/principal.ts";
import { actorOf, peerAddress } from "./actor-of.ts";
import { type Audit, type Audited, requestAudit } from "./audit.ts";
import { checkHost } from "./host-check.ts";
import { requirePlainPath } from "./plain-path.ts";
import { parseInput } from "./input.ts";
import type { GitOptions } from "./git/conversation.ts";
import { serveGit } from "./git/http.ts";
import { problemResponse } from "./problem.ts";
import type { RequestEnv } from "./request-env.ts";
import { type StreamEvent, sseResponse } from "./sse.ts";
import { defaultStreamLimits, openStreams, type StreamLimits } from "./streams.ts";
import type { UseCases } from "./use-cases.ts";

export type ServerOptions = {
  readonly useCases: UseCases;
  /** From the Authorization header and the client's address to who asks; throws UNAUTHENTICATED. */
  readonly authenticate: (authorization: string | undefined, address: string | undefined) => Promise<Principal>;
  /** Throws when the principal may not. */
  readonly authorize: (principal: Principal | undefined, action: Action, resource: Resource) => void;
  /** The organisation that an app belongs to; undefined when there is no such app. */
  readonly orgOfApp: (app: string) => Promise<string | undefined>;
  readonly log: Pick<Log, "info" | "error">;
  /** Writes to the audit log (audit.ts). */
  readonly audit: Audit;
  /** Names beside the loopback ones that the server answers to, lower case, without port. */
  readonly hosts?: readonly string[];
  /** Pushes and fetches; without it there are no addresses for git. */
  readonly git?: GitOptions;
  /** Largest uploaded archive, in bytes. */
  readonly tarMax: number;
  /** Aborted when the server closes: ends every stream. */
  readonly closing?: AbortSignal;
  readonly heartbeatMs?: number;
  readonly streams?: StreamLimits;
};

const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

export function createServer(options: ServerOptions): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  const hosts = new Set(options.hosts);
  const audit = requestAudit(options.audit, () => performance.now(), options.log, options.closing);
  const streams = openStreams(options.streams ?? defaultStreamLimits);

  app.use(async (context, next) => {
    const started = performance.now();
    context.set("requestId", randomUUID());
    const address = peerAddress(context.env?.incoming?.socket?.remoteAddress);
    const actor = actorOf(null, address, context.get("requestId"));
    context.set("audited", { name: undefined, route: undefined, app: undefined, actor, admitted: false, told: false });
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    context.header("x-request-id", context.get("requestId"));
    const { status } = context.res;
    const ms = Math.round(performance.now() - started);
    options.log.info("request", {
      requestId: context.get("requestId"),
      user: context.get("user"),
      method: context.req.method,
      path: context.req.path,
      status,
      ms,
    });
  });
  app.use(async (context, next) => {
    checkHost(context.req.header("host"), hosts);
    requirePlainPath(context.env?.incoming?.url ?? "");
    // Answered like GET without a body, it would open a stream that nobody reads and nobody closes.
    if (context.req.method === "HEAD") throw new AppError("NOT_FOUND", "The API does not answer HEAD.");
    await next();
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
  app.notFound((context) =>
    problemResponse(new AppError("NOT_FOUND", "There is nothing at this address."), context.get("requestId")),
  );

  for (const name of Object.keys(routes) as (keyof typeof routes)[]) {
    const route: Route = routes[name];
    const useCase = options.useCases[name] as (call: unknown) => Promise<unknown> | AsyncIterable<StreamEvent>;
    app.on(route.method, `${apiPrefix}${route.path}`, async (context) => {
      const request = context.req.raw;
      const params: Readonly<Record<string, string>> = context.req.param();
      const audited: Audited = { ...context.get("audited"), name, route, app: params["app"] };
      context.set("audited", audited);
      const { address } = audited.actor;
      const principal = await identify(route, context.req.header("authorization"), address ?? undefined, options);
      if (principal !== null) context.set("user", principal.name);
      const onEvent = (): void => void (audited.told = true);
      const actor = { ...actorOf(principal, address, context.get("requestId")), onEvent };
      audited.actor = actor;
      await admit(route, principal, params["app"], options);
      audited.admitted = true;
      const input = await parseInput(route, request, params, options.tarMax);
      await audit.looked(audited);
      const call = { ...input, actor, principal };

      if (route.response === "sse") {
        const stop = new AbortController();
        const ends = [request.signal, stop.signal, ...(options.closing === undefined ? [] : [options.closing])];
        const signal = AbortSignal.any(ends);
        const source = () => useCase({ ...call, signal }) as AsyncIterable<StreamEvent>;
        const told = () => audit.once(audited, source());
        return await sseResponse(streams.count(actor.name, signal, told), {
          events: route.events ?? {},
          heartbeatMs: options.heartbeatMs ?? 15_000,
          signal,
          stop: () => stop.abort(),
          fail: (thrown) => {
            const error = failure(thrown, context.get("requestId"));
            void audit.failed(audited, error);
            return error;
          },
        });
      }
      if (route.response === "upgrade") {
        const { upgrade } = context.env ?? {};
        if (upgrade === undefined) {
          throw new AppError("INVALID_INPUT", `This address asks for an upgrade to ${sessionProtocol}.`);
        }
        const stream = (await useCase({ ...call, signal: request.signal })) as Duplex;
        await audit.succeeded(audited).catch((error: unknown) => {
          stream.destroy();
          throw error;
        });
        upgrade(stream);
        return context.body(null, 204); // for the log; the client is told by who has its connection
      }
      const answer: unknown = await useCase({ ...call, signal: request.signal });
      await audit.succeeded(audited);
      if (route.response === "text") {
        return context.body(answer as string, 200, {
          "content-type": route.contentType ?? "text/plain; charset=utf-8",
        });
      }
      // Parsing drops what the contract does not name, so a row's extra field cannot leave.
      return context.json(route.response.parse(answer) as object, route.status ?? 200);
    });
  }
  if (options.git !== undefined) serveGit(app, { ...options.git, audit, failure });
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
  app: string | undefined,
  { authorize, orgOfApp }: ServerOptions,
): Promise<void> {
  if (route.action === "public" || (route.action === "signed-in" && principal !== null)) return;
  if (route.action === "signed-in") throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  const resource = app === undefined ? server : appResource(app, isAppName(app) ? await orgOfApp(app) : undefined);
  authorize(principal ?? undefined, route.action, resource);
}
