/**
 * git over HTTP(S): the password of Basic is a token or a session's secret, the name is of no matter. What git's own CGI says
 * goes to the client as it comes; a refusal is a text, which git shows.
 */
import type { Context, Hono } from "hono";
import { appOfRepository, gitRoutes, type GitRoute } from "#core/api/git.ts";
import { AppError, errorTable } from "#core/errors.ts";
import { actorOf } from "../actor-of.ts";
import type { Audited, RequestAudit } from "../audit.ts";
import type { RateLimiter } from "../rate-limits.ts";
import type { RequestEnv } from "../request-env.ts";
import { admitGit, type GitOptions, type GitProcess, stillMay } from "./conversation.ts";
import { relayInput, relayOutput } from "./relay.ts";

export type GitHttpOptions = GitOptions & {
  readonly audit: RequestAudit;
  /** Requests of a credential are counted as those of the API are (rate-limits.ts). */
  readonly rates: Pick<RateLimiter, "credential" | "failed">;
  /** The one funnel of what went wrong (server.ts). */
  readonly failure: (thrown: unknown, requestId: string) => AppError;
};

/** Bytes that the head of an answer of the CGI may have. */
const headMax = 16 * 1024;

export function serveGit(app: Hono<RequestEnv>, options: GitHttpOptions): void {
  for (const [method, path] of new Map(
    Object.values(gitRoutes).map(({ method, path }) => [`${method} ${path}`, [method, path] as const]),
  ).values()) {
    app.on(method, path, async (context) => {
      try {
        return await answer(context, method, path, options);
      } catch (thrown) {
        const error = options.failure(thrown, context.get("requestId"));
        await options.audit.failed(context.get("audited"), error);
        return refusal(error);
      }
    });
  }
}

async function answer(
  context: Context<RequestEnv>,
  method: string,
  path: string,
  options: GitHttpOptions,
): Promise<Response> {
  const { req } = context;
  const found = Object.entries(gitRoutes).filter(([, route]) => route.method === method && route.path === path);
  const [name, route] = found.find(([, { service }]) => found.length === 1 || service === req.query("service")) ?? [];
  // What has no service is the protocol of old, by plain files.
  if (route === undefined) throw new AppError("INVALID_INPUT", "This server speaks git's smart protocol alone.");
  const app = appOfRepository(req.param("repository") ?? "");
  const audited: Audited = { ...context.get("audited"), name: `git.${name}`, route, app };
  context.set("audited", audited);
  const { address } = audited.actor;
  const secret = passwordOf(req.header("authorization"));
  const principal = await options.authenticateSecret(secret, address ?? undefined).catch((error: unknown) => {
    options.rates.failed(address);
    throw error;
  });
  options.rates.credential(principal.credential.id);
  context.set("user", principal.name);
  audited.actor = actorOf(principal, address, context.get("requestId"));
  if (app === undefined) throw new AppError("INVALID_APP_NAME", "The address names no app.");
  const { service } = route;
  await admitGit(options, principal, app, service);
  audited.admitted = true;
  const git = await options.open({
    app,
    service,
    by: audited.actor,
    stillMay: stillMay(options, principal, app, service),
    how: { kind: "http", cgi: cgiOf(req.raw, route, app, principal.name) },
  });
  return respond(git, req.raw);
}

/** Throws UNAUTHENTICATED: without credentials git asks for them, and comes again. */
function passwordOf(authorization: string | undefined): string {
  const [, encoded = ""] = /^basic +([A-Za-z0-9+/=_-]{1,500})$/i.exec(authorization ?? "") ?? [];
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const at = pair.indexOf(":");
  if (at === -1)
    throw new AppError("UNAUTHENTICATED", "git needs a token as its password.", {
      hint: "`hop3 git setup` arranges that.",
    });
  return pair.slice(at + 1);
}

/** Nothing of the request but what the CGI needs, and that checked. */
function cgiOf(
  request: Request,
  { method, path, service }: GitRoute,
  app: string,
  user: string,
): Record<string, string> {
  const text = (name: string, form: RegExp): string => {
    const value = request.headers.get(name) ?? "";
    return form.test(value) ? value : "";
  };
  const length = text("content-length", /^\d{1,15}$/);
  return {
    REQUEST_METHOD: method,
    PATH_INFO: path.replace("/git/:repository", `/${app}.git`),
    QUERY_STRING: method === "GET" ? `service=${service}` : "",
    CONTENT_TYPE: text("content-type", /^[\w/+.-]{1,100}$/),
    ...(length === "" ? {} : { CONTENT_LENGTH: length }),
    HTTP_CONTENT_ENCODING: text("content-encoding", /^(x-)?gzip$/),
    GIT_PROTOCOL: text("git-protocol", /^version=\d$/),
    REMOTE_USER: user,
    REMOTE_ADDR: "",
  };
}

async function respond(git: GitProcess, request: Request): Promise<Response> {
  const gone = AbortSignal.any([git.cut, request.signal]);
  git.stderr.resume();
  void relayInput(request.body ?? emptyBody(), git.stdin, gone);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  // A client that cancels.
  writer.closed.catch(() => undefined);
  git.cut.addEventListener("abort", () => void writer.abort(git.cut.reason).catch(() => undefined), { once: true });
  const head = Promise.withResolvers<Headers>();
  let seen: Buffer = Buffer.alloc(0);
  let isHead = true;
  const take = async (chunk: Uint8Array): Promise<void> => {
    if (!isHead) return writer.write(chunk);
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf("\r\n\r\n");
    if (end === -1 && seen.length <= headMax) return;
    isHead = false;
    head.resolve(parseHead(seen.toString("latin1", 0, end)));
    const rest = seen.subarray(end + 4);
    if (rest.length > 0) await writer.write(rest);
  };
  const relay = async (): Promise<void> => {
    await relayOutput(git.stdout, take, gone);
    head.reject(new AppError("UNAVAILABLE", "git ended without an answer.", { hint: "Try again in a moment." }));
    await writer.close().catch(() => undefined);
  };
  void relay();
  const headers = await head.promise;
  const status = Number(headers.get("status")?.slice(0, 3) ?? 200);
  headers.delete("status");
  return new Response(readable, { status, headers });
}

function parseHead(text: string): Headers {
  const headers = new Headers();
  for (const line of text.split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) headers.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return headers;
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** git shows a text behind `remote:`. */
function refusal({ code, message, hint }: AppError): Response {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  const challenge = code === "UNAUTHENTICATED" ? { "www-authenticate": 'Basic realm="Hop3", charset="UTF-8"' } : {};
  return new Response(`${message} (${code})\n${hint}\n`, {
    status: errorTable[code].http,
    headers: { ...headers, ...challenge },
  });
}
