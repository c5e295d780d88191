/** One request by chance: an operation of the document, with what it takes or almost takes. */
import type { Random } from "../model/random.ts";
import type { Endpoint, Parameter, Schema } from "./document.ts";
import { hostileTexts } from "./hostile-values.ts";
import { almost, sample, type Words } from "./sample.ts";

export type Attempt = {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /** What was put into its parts, before it was written down. */
  readonly parts: {
    readonly parameters: readonly { readonly parameter: Parameter; readonly value: string }[];
    readonly body: unknown;
  };
};

/** `words` by the name of a parameter, and for all others; `archive` is a tar that is one. */
export type Known = {
  readonly words: Words;
  readonly byName: Readonly<Record<string, Words>>;
  readonly archive: Uint8Array;
};

export function attemptOf(endpoint: Endpoint, random: Random, known: Known): Attempt {
  const { operation } = endpoint;
  const valueOf = ({ name, schema }: Parameter): string => {
    const words = known.byName[name] ?? known.words;
    if (random.chance(0.15)) return String(almost(schema, random, words));
    return String(random.chance(0.9) && words !== known.words ? random.pick(words) : sample(schema, random, words));
  };
  const parameters = operation.parameters.flatMap((parameter) => {
    if (!parameter.required && random.chance(0.5)) return [];
    const value = valueOf(parameter);
    // An empty segment is another path, and a header must be one.
    if (parameter.in === "path" && value === "") return [{ parameter, value: "a" }];
    if (parameter.in === "header" && !/^[\x21-\x7e]+$/.test(value)) return [];
    return [{ parameter, value }];
  });
  const of = (place: Parameter["in"]) => parameters.filter(({ parameter }) => parameter.in === place);
  let path = endpoint.path;
  for (const { parameter, value } of of("path")) path = path.replace(`{${parameter.name}}`, () => encode(value));
  const query = of("query").map(({ parameter, value }) => `${encode(parameter.name)}=${encode(value)}`);
  if (random.chance(0.03)) query.push(`${encode(random.pick(hostileTexts))}=1`);
  const headers = Object.fromEntries(of("header").map(({ parameter, value }) => [parameter.name, value]));
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = content === undefined ? undefined : bodyOf(type ?? "", content.schema, random, known);
  return {
    endpoint,
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers: {
      ...headers,
      ...(type === undefined ? {} : { "content-type": random.chance(0.02) ? "text/plain" : type }),
    },
    body: body?.bytes,
    parts: { parameters, body: body?.value },
  };
}

type Body = { readonly bytes: string | Uint8Array; readonly value: unknown };

function bodyOf(type: string, schema: Schema, random: Random, known: Known): Body {
  if (type !== "application/json") {
    const cut = known.archive.subarray(0, random.below(known.archive.length));
    const bytes = random.weighted<Uint8Array>([
      [2, known.archive],
      [2, cut],
      [1, Buffer.from(random.pick(hostileTexts))],
    ]);
    return { bytes, value: undefined };
  }
  if (random.chance(0.03))
    return { bytes: random.pick(["", "{", "[1", "nul", '{"a":1}x', "\ufeff{}"]), value: Symbol("no JSON") };
  const value = random.chance(0.4) ? almost(schema, random, known.words) : sample(schema, random, known.words);
  return { bytes: JSON.stringify(value), value };
}

/** As encodeURIComponent, which does not take a lone surrogate. */
function encode(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : "%ed%a0%80";
}
