/** The OpenAPI document is one by the standard's own schema, whole, and good for a client that a generator makes of it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { generateSource } from "oazapfts";
import { routes } from "#core/api/routes.ts";
import { serve, type Serving } from "#server/serve.ts";
import { memoryPlatform, memoryServerOptions } from "#server/testing.ts";
import { exec } from "#sys/exec.ts";
import { documentPath, endpointsOf, readDocument } from "./document.ts";

const root = join(import.meta.dirname, "../..");

describe("docs/openapi.json", () => {
  it("is a document by the schema of OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(documentPath);
    assert.ok(valid, JSON.stringify(errors, null, 2));
  });

  it("has every route once, with what it takes, what it answers and what may go wrong", () => {
    const all = endpointsOf(readDocument());
    assert.deepEqual(all.map(({ operation }) => operation.operationId).toSorted(), Object.keys(routes).toSorted());
    for (const { path, operation } of all) {
      const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters.filter((one) => one.in === "path").map(({ name }) => name);
      assert.deepEqual(new Set<unknown>(declared), new Set<unknown>(inPath), path);
      const statuses = Object.keys(operation.responses);
      assert.ok(statuses.some((status) => /^(1|2)\d\d$/.test(status)) && statuses.includes("default"), path);
    }
  });
});

/** Written against the generated functions: what is not as they say does not compile. */
const program = `
import * as hop3 from "./client.ts";

hop3.defaults.baseUrl = process.argv[2] ?? "";
hop3.defaults.headers = { authorization: "Bearer admin-token" };

function good<Answer extends { data: unknown }>(answer: Answer): Exclude<Answer["data"], hop3.Problem> {
  const { data } = answer;
  if (typeof data === "object" && data !== null && "title" in data) throw new Error(String(data.title));
  return data as Exclude<Answer["data"], hop3.Problem>;
}

const { api } = good(await hop3.version());
const { apps, next } = good(await hop3.listApps({ limit: "1" }));
const { processes } = good(await hop3.showApp("blog"));
const { changed } = good(await hop3.changeEnv("blog", { set: { GREETING: "hello" }, unset: [] }));
const { domains } = good(await hop3.addDomain("blog", { domain: "www.example.com" }));
const missing = await hop3.showApp("none");
console.log(
  JSON.stringify([
    api satisfies "v1",
    apps.map(({ app, state }) => [app, state]),
    next !== null,
    processes.map(({ type, count }) => [type, count]),
    changed,
    domains.length,
    missing.status as number,
  ]),
);
`;

const compilerOptions = {
  target: "esnext",
  lib: ["esnext", "dom", "dom.iterable"],
  module: "nodenext",
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
  strict: true,
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  skipLibCheck: true,
  noEmit: true,
};

describe("a client that is generated of it", () => {
  let dir: string;
  let serving: Serving;
  before(async () => {
    // Inside the checkout, where packages are found.
    await mkdir(join(root, ".cache"), { recursive: true });
    dir = await mkdtemp(join(root, ".cache/openapi-client-"));
    await writeFile(join(dir, "client.ts"), await generateSource(documentPath));
    await writeFile(join(dir, "program.ts"), program);
    await writeFile(join(dir, "package.json"), '{"type":"module"}');
    await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const platform = memoryPlatform();
    for (const name of ["blog", "shop"])
      platform.apps.set(name, { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
    serving = await serve({ ...memoryServerOptions(platform), host: "127.0.0.1", port: 0 });
  });
  after(async () => {
    await serving.close(0);
    await rm(dir, { recursive: true });
  });
  const node = (...argv: string[]) => exec([process.execPath, ...argv], { cwd: dir, env: {}, timeoutMs: 60_000 });

  it("compiles, together with a program that is written against it", async () => {
    const { exitCode, stdout } = await node(join(root, "node_modules/typescript/bin/tsc"), "-p", dir);
    assert.equal(exitCode, 0, stdout);
  });

  it("calls a real server", async () => {
    const { exitCode, stdout, stderr } = await node(join(dir, "program.ts"), `http://127.0.0.1:${serving.port}`);
    assert.equal(exitCode, 0, stderr);
    const said: unknown = JSON.parse(stdout);
    assert.deepEqual(said, ["v1", [["blog", "running"]], true, [["web", 1]], ["GREETING"], 1, 404]);
  });
});
