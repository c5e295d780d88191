/** From a raw request to the parsed input of a route. Every complaint names the field and never repeats its value. */
import type { z } from "zod";
import type { Route } from "#core/api/route.ts";
import { AppError } from "#core/errors.ts";
import { isEnvName, parseAppName, quote, quoteStart } from "#core/names.ts";
import { readJson, readRaw, readTar } from "./body.ts";

export type Input = {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
};

export type InputOptions = {
  /** Largest archive, in bytes. */
  readonly tarMax: number;
  /** Ends the reading of a body, with the error that it throws. */
  readonly ended: AbortSignal;
};

/** Throws INVALID_APP_NAME, INVALID_INPUT, UNSUPPORTED_MEDIA_TYPE, TOO_LARGE. */
export async function parseInput(
  route: Route,
  request: Request,
  rawParams: Readonly<Record<string, string>>,
  options: InputOptions,
): Promise<Input> {
  if (rawParams["app"] !== undefined) parseAppName(rawParams["app"]);
  return {
    params: parsePart("path", route.params, rawParams),
    query: parsePart("query", route.query, queryOf(request)),
    headers: parsePart("header", route.headers, Object.fromEntries(request.headers)),
    body: await parseBody(route, request, options),
  };
}

async function parseBody(route: Route, request: Request, { tarMax, ended }: InputOptions): Promise<unknown> {
  if (route.body === undefined) return undefined;
  if (route.body === "tar") return readTar(request, tarMax, ended);
  if (route.raw === true) return readRaw(request, ended);
  return parsePart("body", route.body, await readJson(request, ended));
}

function queryOf(request: Request): Record<string, string> {
  // Without a prototype, so that `__proto__` is a key like any other that is not known.
  const query = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URL(request.url).searchParams) {
    if (Object.hasOwn(query, name)) throw new AppError("INVALID_INPUT", `The query has ${quote(name)} twice.`);
    query[name] = value;
  }
  return query;
}

function parsePart(part: string, shape: z.ZodType | undefined, value: unknown): unknown {
  if (shape === undefined) return {};
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, 20).map((issue) => {
    const path = [part, ...issue.path.map(keyText)].join(" ");
    return `${path}: ${issue.message}`;
  });
  throw new AppError("INVALID_INPUT", `The request's ${part} is not valid.`, { details });
}

/** The fields of the contract have names that could be a variable's. */
function keyText(key: PropertyKey): string {
  if (typeof key === "number") return String(key);
  return isEnvName(String(key)) ? quote(String(key)) : quoteStart(String(key));
}
