/** docs/api.md and docs/openapi.json from the contract. */
import { z } from "zod";
import { problem, problemType } from "#core/api/errors.ts";
import { sessionProtocol } from "#core/session-frames.ts";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { rateLimitsOf, standardRate } from "#server/rate-limits.ts";
import { tagListForm } from "#server/preconditions.ts";
import { idempotencyHeader, isRepeatable, repeatKeyForm } from "#server/repeats.ts";
import packageJson from "../../package.json" with { type: "json" };
import { code, generatedNote, mdTable } from "./markdown.ts";

const rates = rateLimitsOf(standardRate);
const named: readonly (readonly [string, Route])[] = Object.entries(routes);

export function apiReference(): string {
  return [
    "# The HTTP API",
    "",
    generatedNote,
    "",
    `All paths are below ${code(apiPrefix)}. Every request but ${code("GET /version")} carries ${code("Authorization: Bearer TOKEN")}. What is not a success`,
    `answers ${code(problemType)} with a code of [errors.md](errors.md). The machine-readable contract is [openapi.json](openapi.json).`,
    "",
    "Limits: a JSON body may have 1 MiB, a log answer 10 000 lines. The server answers only to its own name (the Host header) and to no other origin.",
    "",
    `A credential may make ${standardRate} requests a second and ${rates.credential.burst} at once; an address ${rates.address.perSecond} and ${rates.address.burst}, of which one that shows a credential that is none counts as ten; routes that ask for no login ${rates.publicAddress.perSecond} and ${rates.publicAddress.burst} of an address. An IPv6 network of 64 bits counts as one address. What is beyond answers 429 with ${code("retry-after")}; ${code("HOP3_API_RATE")} of the server changes the numbers.`,
    "",
    `Every answer has ${code("x-request-id")}, which names the request in the server's log; a client's own ${code("x-request-id")} (64 letters, digits, ${code("_")}, ${code(".")} or ${code("-")}) is written beside it.`,
    "",
    `A ${code("POST")} that answers JSON takes ${code("Idempotency-Key")}, 8 to 128 letters, digits, ${code("_")}, ${code(".")}, ${code(":")} or ${code("-")} of the client's choice: sent again with the same key by the same credential, the same request is not done again but answered the same (with ${code("idempotency-replayed: true")}), for a day, the newest 1000 keys of a credential. Another request with the key, and one that the server was ended over, answer 409. What has failed is not remembered.`,
    "",
    `What two may change at once is read with an ${code("ETag")}; a change with ${code("If-Match")} is refused with 412 (${code("CHANGED_MEANWHILE")}) when it has another by then, and answers with the new one. Without it the last one wins.`,
    "",
    `Lists come in pages: ${code("limit")} items, and ${code("next")} to send as ${code("cursor")}; it is null at the end.`,
    "",
    "Whoever has something open - a stream, a session, an upload, a long wait - is looked at again every two seconds. When the credential was revoked or has expired, or the right was taken away, it ends: a stream with the event `error`, a session with the frame `failed`, everything else with 401 or 403.",
    "",
    ...mdTable(
      ["route", "needs", "does"],
      named.map(([, route]) => [
        `[${code(`${route.method} ${route.path}`)}](#${anchor(route)})`,
        code(route.action),
        route.summary,
      ]),
    ),
    "",
    ...named.flatMap(([, route]) => section(route)),
  ].join("\n");
}

function section(route: Route): string[] {
  const part = (title: string, schema: z.ZodType | undefined, io: "input" | "output") =>
    schema === undefined
      ? []
      : ["", `${title}:`, "", "```json", JSON.stringify(jsonSchema(schema, io), null, 2), "```"];
  return [
    `### ${route.method} ${route.path}`,
    "",
    `${route.summary}. Needs ${code(route.action)}.`,
    ...part("Query", route.query, "input"),
    ...part("Headers", route.headers, "input"),
    ...carefulNotes(route),
    ...(route.body === "tar" ? ["", `Body: an archive, ${code(tarType)}.`] : part("Body", route.body, "input")),
    ...(route.response === "sse"
      ? Object.entries(route.events ?? {}).flatMap(([event, shape]) => part(`Event ${code(event)}`, shape, "output"))
      : route.response === "upgrade"
        ? ["", `Answer: 101, and ${code(sessionProtocol)} from there on.`]
        : route.response === "text"
          ? ["", `Answer: ${code(route.contentType ?? "text/plain")}.`]
          : part(`Answer (${route.status ?? 200})`, route.response, "output")),
    "",
  ];
}

function carefulNotes(route: Route): string[] {
  return [
    ...(isRepeatable(route) ? ["", `Takes ${code("Idempotency-Key")}.`] : []),
    ...(route.tagged === undefined ? [] : ["", `Answers with ${code("ETag")}.`]),
    ...(route.changes === undefined
      ? []
      : ["", `Takes ${code("If-Match")} with the ${code("ETag")} of ${code(`GET ${route.changes.path}`)}.`]),
  ];
}

export function openApi(): string {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of named) {
    const path = apiPrefix + route.path.replace(/:([a-z]+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(name, route);
  }
  const document = {
    openapi: "3.1.0",
    info: {
      title: "Hop3",
      version: packageJson.version,
      description: "What the command line calls. docs/api.md says what holds for every route.",
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: "/" }],
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Problem: jsonSchema(problem, "output") },
    },
    security: [{ token: [] }],
    paths,
  };
  return JSON.stringify(document, null, 2);
}

function operation(name: string, route: Route): Record<string, unknown> {
  const body =
    route.body === undefined
      ? undefined
      : content(
          route.body === "tar" ? undefined : route.body,
          "input",
          route.body === "tar" ? tarType : "application/json",
        );
  const answer =
    route.response === "sse"
      ? content(z.union(Object.values(route.events ?? {}) as [z.ZodType, z.ZodType]), "output", "text/event-stream")
      : route.response === "upgrade"
        ? undefined
        : route.response === "text"
          ? content(z.string(), "output", route.contentType ?? "text/plain")
          : content(route.response, "output", "application/json");
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.path.split("/")[1] ?? ""],
    "x-action": route.action,
    ...(route.action === "public" ? { security: [] } : {}),
    parameters: [
      ...parameters("path", route.params),
      ...parameters("query", route.query),
      ...parameters("header", route.headers),
      ...carefulParameters(route),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: {
      ...(answer === undefined
        ? { "101": { description: `From here on ${sessionProtocol}` } }
        : { [String(route.status ?? 200)]: { description: "Success", ...tagHeader(route), content: answer } }),
      ...(route.statusOf === undefined ? {} : { "200": { description: "Nothing was to do", content: answer } }),
      // The one word for it that generators of clients know.
      default: { description: "Anything else: refused (4xx), or the server cannot (5xx)", content: problemContent },
    },
  };
}

const problemContent = { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } };

function tagHeader(route: Route): object {
  if (route.tagged === undefined) return {};
  return { headers: { ETag: { description: "What `If-Match` of a change takes", schema: { type: "string" } } } };
}

/** What any route of a kind takes (server/repeats.ts, server/preconditions.ts). */
function carefulParameters(route: Route): unknown[] {
  const header = (name: string, description: string, pattern: RegExp) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string", pattern: pattern.source },
  });
  return [
    ...(isRepeatable(route)
      ? [
          header(
            idempotencyHeader,
            "The same key with the same request is done once and answered the same, for a day",
            repeatKeyForm,
          ),
        ]
      : []),
    ...(route.changes === undefined
      ? []
      : [header("if-match", `The ETag of ${route.changes.path}: 412 when somebody has changed it since`, tagListForm)]),
  ];
}

function content(schema: z.ZodType | undefined, io: "input" | "output", type: string): Record<string, unknown> {
  return { [type]: { schema: schema === undefined ? { type: "string", format: "binary" } : jsonSchema(schema, io) } };
}

function parameters(place: "path" | "query" | "header", schema: z.ZodObject | undefined): unknown[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...shape }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: shape,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function anchor({ method, path }: Route): string {
  return `${method} ${path}`
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}
