/**
 * Hostile input for every field of every route, made from the contract: each is refused with a code of the error table,
 * none is a defect (5xx), and nothing changes on the disk. A new route or field is covered by being in the contract.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { request, validateHeaderValue } from "node:http";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { z } from "zod";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import { problemType } from "#core/api/errors.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { errorTable } from "#core/errors.ts";
import { deployLive } from "../e2e/apps.ts";
import { startPlatform, tarOf, type RunningPlatform } from "../e2e/platform.ts";

const app = "victim";
const fixture = join(import.meta.dirname, "../fixtures/apps/static-root");

/** As they are, in a place of their own: a header, a value in JSON; escaped in paths and queries. */
const hostile: readonly string[] = [
  "",
  " ",
  ";touch pwned;",
  "$(touch pwned)",
  "`touch pwned`",
  "a|b&c>d<e",
  "'\"\\",
  "../../etc/passwd",
  "/etc/passwd",
  "..",
  "a/../b",
  "%2e%2e%2f",
  "nul\0byte",
  "line\r\nX-Injected: 1",
  "x".repeat(5000),
  "-rf",
  "--help",
  "\u202egnp.exe",
  "bl\u043eg",
  "\ufeffblog",
  "BLOG\u0130",
  "\ud800",
  "__proto__",
  "constructor",
  "toString",
  "[object Object]",
  "NaN",
  "-1",
  "1e9",
  "0x10",
  "9".repeat(400),
  "{{7*7}}",
  "' OR 1=1 --",
];

/** In a path as they are: what an URL would not let through, or would read in another way. */
const rawPaths = [
  "..",
  "%2e%2e",
  ".%2e",
  "..%2f..%2f",
  "%00",
  "%c0%ae%c0%ae",
  "%ff",
  "%ed%a0%80",
  "%",
  "%zz",
  "%0d%0a",
];

const wrongTypes = ["null", "true", "1", "-1", "1.5", "1e400", "[]", "{}", '""', "[[]]", '{"a":{}}', "[null]"];

type Attempt = {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

type Field = "params" | "query" | "headers";
const good: Readonly<Record<string, string>> = {
  app,
  deploy: "1",
  domain: "www.example.com",
  release: "1",
  to: "1",
  job: "nightly",
  run: "1",
  session: "x".repeat(22),
  user: "ada",
  id: "0123456789abcdef",
  group: "team",
  subject: "@team",
  webhook: "main",
  hook: "x".repeat(22),
  fingerprint: `SHA256:${"x".repeat(43)}`,
};
/** Of the forms that parameters have, for those that are not named above: a new route needs nothing here. */
const forms = ["1", "ada", "x".repeat(22), `SHA256:${"A".repeat(43)}`, "0".repeat(16), "www.example.com"];
const schemaOf = (route: Route, part: Field, name: string) => route[part]?.shape[name] as z.ZodType;
const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

function* attemptsOf(route: Route, tar: Uint8Array): Generator<Attempt> {
  const { method } = route;
  const goodOf = (name: string): string => {
    const found = [good[name] ?? "", ...forms].find((value) => takes(schemaOf(route, "params", name), value));
    assert.ok(found !== undefined, `this test has no good value for the parameter ${name}`);
    return found;
  };
  const path = (values: Readonly<Record<string, string>> = {}) =>
    apiPrefix + route.path.replaceAll(/:([a-z]+)/g, (_, name: string) => values[name] ?? encode(goodOf(name)));
  const sane: Pick<Attempt, "headers" | "body"> =
    route.body === undefined
      ? {}
      : route.body === "tar"
        ? { headers: { "content-type": tarType }, body: tar }
        : { headers: { "content-type": "application/json" }, body: "{}" };

  for (const name of Object.keys(route.params?.shape ?? {})) {
    for (const value of hostile) {
      if (value === "" || takes(schemaOf(route, "params", name), value)) continue;
      yield { ...sane, what: `${name} = ${value}`, method, path: path({ [name]: encode(value) }) };
    }
    for (const value of rawPaths) yield { ...sane, what: `${name} = ${value}`, method, path: path({ [name]: value }) };
  }
  for (const name of Object.keys(route.query?.shape ?? {})) {
    for (const value of hostile) {
      // `confirm` may be any text, and is refused by what it says.
      if (takes(schemaOf(route, "query", name), value) && name !== "confirm") continue;
      yield { ...sane, what: `${name} = ${value}`, method, path: `${path()}?${name}=${encode(value)}` };
    }
    yield { ...sane, what: `${name} twice`, method, path: `${path()}?${name}=1&${name}=1` };
  }
  if (route.query !== undefined) {
    for (const name of hostile) yield { ...sane, what: `query ${name}`, method, path: `${path()}?${encode(name)}=1` };
  }
  for (const name of Object.keys(route.headers?.shape ?? {})) {
    for (const value of [
      ...hostile,
      base64('{"__proto__":"1"}'),
      base64('{"A B":"1"}'),
      base64("[1]"),
      base64('{"A":1}'),
    ]) {
      const isBad = !takes(schemaOf(route, "headers", name), value) || /^ey|^W/.test(value);
      if (isBad && isHeader(value)) {
        yield { ...sane, what: `${name}: ${value}`, method, path: path(), headers: { ...sane.headers, [name]: value } };
      }
    }
  }
  if (route.body === "tar") {
    const bodies = ["", "x", "x".repeat(2000), tar.subarray(0, 700), Uint8Array.from([0x1f, 0x8b, 1, 2, 3])];
    for (const body of bodies)
      yield { ...sane, what: `an archive of ${body.length} bytes`, method, path: path(), body };
    yield { ...sane, what: "another media type", method, path: path(), headers: { "content-type": "text/plain" } };
  } else if (route.body !== undefined) yield* bodiesOf(route.body, (body) => ({ ...sane, method, path: path(), body }));
}

function* bodiesOf(
  schema: z.ZodType,
  attempt: (body: string | Uint8Array) => Omit<Attempt, "what">,
): Generator<Attempt> {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const values = [...wrongTypes, ...hostile.map((text) => JSON.stringify(text))];
  const texts = [
    ...values,
    ...values.flatMap((value) => names.map((name) => `{${JSON.stringify(name)}:${value}}`)),
    ...hostile.flatMap((key) => names.map((name) => `{${JSON.stringify(name)}:{${JSON.stringify(key)}:1}}`)),
    ...hostile.flatMap((key) => names.map((name) => `{${JSON.stringify(name)}:{${JSON.stringify(key)}:"1"}}`)),
    ...hostile.map((key) => `{${JSON.stringify(key)}:1}`),
  ];
  for (const text of texts) {
    // A variable or domain may be called `constructor`. A process, too; but the app has none of that name.
    const isGood = takes(schema, JSON.parse(text)) && !names.includes("scale");
    if (!isGood) yield { ...attempt(text), what: `body ${text}` };
  }
  for (const text of ["", "{", "[".repeat(100_000), "undefined", '{"a":1}{"a":1}', `"${"x".repeat(1_100_000)}"`]) {
    yield { ...attempt(text), what: `body ${text.slice(0, 20)}` };
  }
  yield { ...attempt(Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d])), what: "body that is no UTF-8" };
  yield { ...attempt("{}"), what: "another media type", headers: { "content-type": "text/plain" } };
}

let platform: RunningPlatform;
let tar: Uint8Array;
before(async () => {
  platform = await startPlatform();
  tar = await tarOf(fixture);
  await deployLive(platform, fixture, app);
});
after(() => platform.stop());

suite("hostile input", () => {
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const fields = [route.params, route.query, route.headers].some((part) => Object.keys(part?.shape ?? {}).length > 0);
    if (!fields && route.body === undefined) continue;
    test(`for ${name} is refused and changes nothing`, async () => {
      const was = listing(platform);
      let tried = 0;
      for (const attempt of attemptsOf(route, tar)) {
        const { status, type, body } = await send(platform, attempt);
        const told = `${attempt.what.slice(0, 100)}: ${status} ${body.slice(0, 300)}`;
        assert.ok(status >= 400 && status < 500, told);
        tried += 1;
        // What is no HTTP is refused by Node itself.
        if (status === 400 && type === undefined) continue;
        assert.equal(type, problemType, told);
        const { code } = JSON.parse(body) as { code: string };
        assert.ok(code in errorTable && code !== "INTERNAL", told);
      }
      assert.ok(tried > 10, `only ${tried} were made`);
      assert.deepEqual(listing(platform), was);
    });
  }
});

test("after all of that the platform is as it was", async () => {
  const { apps } = (await platform.api("GET", "/apps")) as { apps: { app: string; release: number }[] };
  assert.deepEqual(
    apps.map((one) => [one.app, one.release]),
    [[app, 1]],
  );
  const env = (await platform.api("GET", `/apps/${app}/env`)) as { variables: { source: string }[] };
  assert.ok(env.variables.every(({ source }) => source !== "user"));
});

/** Every path below the root but those of logs and of the database's own files. */
function listing({ layout }: RunningPlatform): string[] {
  // What hop3d says of each request goes through segments that follow one another.
  const isOutput = /^(hop3\.db|log\/)|^apps\/[^/]+\/log\/|^supervisor\/services\/[^/]+\/[^/]+\/(out|err)\.\d+$/;
  return readdirSync(layout.root, { recursive: true, encoding: "utf8" })
    .filter((path) => !isOutput.test(path))
    .toSorted();
}

function send({ settings, token }: RunningPlatform, { method, path, headers = {}, body }: Attempt) {
  return new Promise<{ status: number; type: string | undefined; body: string }>((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: settings.apiPort,
        method,
        path,
        headers: { authorization: `Bearer ${token}`, ...headers },
        timeout: 10_000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"], body: text }),
        );
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path.slice(0, 200)} was not answered`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** As encodeURIComponent, which does not take a lone surrogate. */
function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : "%ed%a0%80";
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function isHeader(value: string): boolean {
  try {
    validateHeaderValue("x", value);
    return value.trim() === value && value !== "";
  } catch {
    return false;
  }
}
