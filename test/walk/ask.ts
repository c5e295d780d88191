/** Every address of the server as data, and how one is asked. */
import { request } from "node:http";
import type { Action } from "#core/actions.ts";
import { gitRoutes } from "#core/api/git.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { sessionProtocol } from "#core/session-frames.ts";

export type Address = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly action: Action | "signed-in" | "public" | undefined;
  /** What the audit log is told of a success (route.ts). */
  readonly event: Route["event"];
  readonly response: "json" | "text" | "sse" | "upgrade" | "git";
  /** Names of what stands in its path. */
  readonly params: readonly string[];
  readonly query: string;
};

export const addresses: readonly Address[] = [
  ...Object.entries(routes as Readonly<Record<string, Route>>).map(([name, route]): Address => ({
    ...common(name, route, `${apiPrefix}${route.path}`),
    response: typeof route.response === "string" ? route.response : "json",
    query: "",
  })),
  ...Object.entries(gitRoutes).map(([name, route]): Address => ({
    ...common(`git ${name}`, route, route.path),
    response: "git",
    query: route.method === "GET" ? `?service=${route.service}` : "",
  })),
];

function common(name: string, { method, action, event }: Route, path: string) {
  return {
    name,
    method,
    path,
    action,
    event,
    params: [...path.matchAll(/:([a-z]+)/gi)].map(([, param = ""]) => param),
  };
}

/** In the place of what is not given: of the right form, and nothing that there is. */
const nothing: Readonly<Record<string, string>> = {
  app: "site",
  repository: "site.git",
  deploy: "999",
  release: "999",
  to: "998",
  run: "999",
  job: "nosuch",
  session: "x".repeat(22),
  domain: "no.example.com",
  user: "no.such",
  group: "nosuch",
  id: "0".repeat(16),
  fingerprint: `SHA256:${"A".repeat(43)}`,
};

export type Answer = {
  readonly status: number;
  readonly code: string;
  readonly text: string;
  readonly requestId: string;
};

/** How an answer reads in the table. */
export function kindOf({ status, code }: Answer): "yes" | "401" | "no" | "hidden" {
  if (status === 401) return "401";
  if (status === 403) return "no";
  return code === "APP_NOT_FOUND" ? "hidden" : "yes";
}

/** Milliseconds that a stream is listened to. */
const listened = 250;

/** Asks as that token, with a body that says nothing. A stream is cut after a moment. */
export async function ask(
  base: string,
  address: Address,
  token: string | undefined,
  params: Readonly<Record<string, string>> = {},
  query = address.query,
  body: string | Uint8Array = "{}",
): Promise<Answer> {
  const path = address.path.replaceAll(/:([a-z]+)/gi, (_, name: string) =>
    encodeURIComponent(params[name] ?? nothing[name] ?? "none"),
  );
  const isGit = address.response === "git";
  const secret = isGit ? `Basic ${Buffer.from(`x:${token}`).toString("base64")}` : `Bearer ${token}`;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: secret };
  if (address.response === "upgrade") Object.assign(headers, { connection: "Upgrade", upgrade: sessionProtocol });
  if (address.method !== "GET")
    Object.assign(headers, {
      "content-type": typeof body === "string" ? "application/json" : "application/x-tar",
      "content-length": String(Buffer.byteLength(body)),
    });
  const url = new URL(path + query, base);
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: address.method, headers, agent: false });
    sent.on("error", reject);
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: 101, code: "", text: "", requestId: String(response.headers["x-request-id"]) });
    });
    sent.on("response", (response) => {
      let text = "";
      const done = (): void => {
        clearTimeout(timer);
        response.destroy();
        const status = response.statusCode ?? 0;
        resolve({
          status,
          code: status < 400 ? "" : codeOf(text),
          text: `${JSON.stringify(response.headers)}\n${text}`,
          requestId: String(response.headers["x-request-id"]),
        });
      };
      const timer = setTimeout(done, response.headers["content-type"] === "text/event-stream" ? listened : 30_000);
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", done).on("error", done);
    });
    sent.end(address.method === "GET" ? undefined : body);
  });
}

/** Of a problem document; git's refusals are a text. */
function codeOf(text: string): string {
  try {
    return String((JSON.parse(text) as { code?: unknown }).code);
  } catch {
    return /\(([A-Z_]+)\)/.exec(text)?.[1] ?? text.slice(0, 80);
  }
}
