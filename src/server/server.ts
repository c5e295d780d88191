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
import { type Audit, requestAudit } from "./audit.ts";
import { checkHost } from "./host-check.ts";
import { requirePlainPath } from "./plain-path.ts";
import { parseInput } from "./input.ts";
import { problemResponse } from "./problem.ts";
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
  /** Largest uploaded archive, in bytes. */
  readonly tarMax: number;
  /** Aborted when the server closes: ends every stream. */
  readonly closing?: AbortSignal;
  readonly heartbeatMs?: number;
  readonly streams?: StreamLimits;
};

/** How a request that asks for another protocol is told that it gets it (upgrade.ts). */
export type Bindings = {
  readonly upgrade?: (stream: Duplex) => void;
  /** As Node has it: its address is not resolved yet. */
  readonly incoming?: { readonly url?: string; readonly socket?: { readonly remoteAddress?: string } };
};

type Env = { Bindings: Bindings; Variables: { requestId: string; user: string } };

const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

export function createServer(options: ServerOptions): Hono<Env> {
  const app = new Hono<Env>();
  const hosts = new Set(options.hosts);
  const audit = requestAudit(options.audit, () => performance.now(), options.log);
  const streams = openStreams(options.streams ?? defaultStreamLimits);

  app.use(async (context, next) => {
    const started = performance.now();
    context.set("requestId", randomUUID());
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
  app.onError((thrown, context) => {
    const requestId = context.get("requestId");
    return problemResponse(failure(thrown, requestId), requestId);
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
      const address = context.env?.incoming?.socket?.remoteAddress;
      const principal = await identify(route, context.req.header("authorization"), address, options);
      const user = principal?.name ?? "nobody";
      if (principal !== null) context.set("user", principal.name);
      const audited = { route, actor: user, app: params["app"] };
      return audit.watch(audited, async () => {
        await admit(route, principal, params["app"], options);
        const input = await parseInput(route, request, params, options.tarMax);
        await audit.looked(audited);

        if (route.response === "sse") {
          const stop = new AbortController();
          const ends = [request.signal, stop.signal, ...(options.closing === undefined ? [] : [options.closing])];
          const signal = AbortSignal.any(ends);
          const source = () => useCase({ ...input, principal, signal }) as AsyncIterable<StreamEvent>;
          return await sseResponse(streams.count(user, signal, source), {
            events: route.events ?? {},
            heartbeatMs: options.heartbeatMs ?? 15_000,
            signal,
            stop: () => stop.abort(),
            fail: (thrown) => failure(thrown, context.get("requestId")),
          });
        }
        if (route.response === "upgrade") {
          const { upgrade } = context.env ?? {};
          if (upgrade === undefined) {
            throw new AppError("INVALID_INPUT", `This address asks for an upgrade to ${sessionProtocol}.`);
          }
          upgrade((await useCase({ ...input, principal, signal: request.signal })) as Duplex);
          return context.body(null, 204); // for the log; the client is told by who has its connection
        }
        if (route.response === "text") {
          const text = (await useCase({ ...input, principal, signal: request.signal })) as string;
          return context.body(text, 200, { "content-type": route.contentType ?? "text/plain; charset=utf-8" });
        }
        // Parsing drops what the contract does not name, so a row's extra field cannot leave.
        const body: unknown = route.response.parse(await useCase({ ...input, principal, signal: request.signal }));
        return context.json(body as object, route.status ?? 200);
      });
    });
  }
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
