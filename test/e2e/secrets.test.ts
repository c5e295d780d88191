/**
 * Canaries: secrets of every kind go in by every way there is, errors are provoked, and then everything that the platform
 * keeps, prints, answers or passes to a process is searched for them, as text and in the usual encodings.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, lstatSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import { encodeDeployEnv } from "#core/api/deploy-env.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { processesOf, startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

const app = "keeper";
const canary = (name: string) => `canary-${name}-${randomBytes(12).toString("hex")}`;
/** By the way it goes in. */
const secrets: Record<string, string> = {
  "env set by the CLI": canary("cli"),
  "env set by the API": canary("api"),
  "env of a deploy": canary("header"),
  "env of a deploy that fails": canary("failing"),
  "env of a change that fails": canary("unstarted"),
  "value in a refused body": canary("refused"),
  "token that is none": canary("bearer"),
};

let platform: RunningPlatform;
let home: string;
/** Everything that was answered or printed, by where. */
const said: [string, string][] = [];

before(async () => {
  platform = await startPlatform();
  home = join(platform.base, "home");
  mkdirSync(home);
  await provoke();
});
after(() => platform.stop());

async function provoke(): Promise<void> {
  const app1 = appDir("works", "exec python3 -m http.server --bind 127.0.0.1 $PORT");
  await call("POST", `/apps/${app}/deploys?create=true`, {
    type: tarType,
    body: await tarOf(app1),
    headers: { "hop3-env": encodeDeployEnv({ BY_HEADER: secrets["env of a deploy"] ?? "" }) },
  });
  await deployLive(platform, app1, app);
  const { variables } = (await platform.api("GET", `/apps/${app}/env/values`)) as {
    variables: { name: string; value: string }[];
  };
  secrets["generated value"] = variables.find(({ name }) => name === "GENERATED")?.value ?? "";
  assert.match(secrets["generated value"], /^[0-9a-f]{64}$/);
  await call("PATCH", `/apps/${app}/env`, json({ set: { BY_API: secrets["env set by the API"] } }));

  await hop3(["login", platform.apiUrl.replace(apiPrefix, ""), "--token-file", "-"], platform.token);
  await hop3(["env", "set", "--from-file", "-", "-a", app], `BY_CLI=${secrets["env set by the CLI"]}\n`);
  for (const line of [
    ["env", "show"],
    ["app", "show"],
    ["status"],
    ["logs"],
    ["app", "build-logs"],
    ["ps"],
    ["restart"],
  ])
    await hop3([...line, "-a", app]);
  await hop3(["system", "logs"]);
  await hop3(["system", "info", "--json"]);
  await hop3(["whoami"]);

  // Failures: of a build, of a start, of a change of environment, of bad input, of a token.
  const broken = await tarOf(appDir("broken", "exit 3", "echo building; exit 7"));
  const failing = encodeDeployEnv({ FAILING: secrets["env of a deploy that fails"] ?? "" });
  await call("POST", `/apps/${app}/deploys`, { type: tarType, body: broken, headers: { "hop3-env": failing } });
  await call("POST", `/apps/${app}/deploys`, { type: tarType, body: await tarOf(appDir("exits", "exit 3")) });
  await eventually("the deploys have ended", async () => {
    const { lastDeploy } = (await platform.api("GET", `/apps/${app}`)) as { lastDeploy: { state: string } };
    return lastDeploy.state === "failed";
  });
  const unstarted = secrets["env of a change that fails"];
  await call("PATCH", `/apps/${app}/env`, json({ set: { PATH: `/nowhere/${unstarted}` } }));
  const refused = secrets["value in a refused body"];
  for (const body of [
    { set: { "A B": refused } },
    { set: { [`${refused} `]: "1" } },
    { set: { A: [refused] } },
    { sat: refused },
    { set: { PORT: refused } },
    refused,
  ]) {
    await call("PATCH", `/apps/${app}/env`, json(body));
  }
  await call("PATCH", `/apps/${app}/env`, { type: "application/json", body: `{"set":{"A":"${refused}` });
  await call("POST", `/apps/${app}/deploys`, { type: tarType, body: Buffer.from(refused ?? "") });
  await call("POST", `/apps/${app}/deploys`, {
    type: tarType,
    body: await tarOf(app1),
    headers: { "hop3-env": Buffer.from(`{"A B":"${refused}"}`).toString("base64url") },
  });
  await call("GET", "/whoami", { headers: { authorization: `Bearer ${secrets["token that is none"]}` } });
  await call("GET", "/nothing/here");
  await call("GET", "/apps/nobody/env/values");
  await assertAnswers(platform.edge(app), { path: "/version", status: 200, contains: "works" });

  secrets["admin's token"] = platform.token;
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    if (route.method !== "GET" || route.action === "app.env.read" || route.response === "sse") continue;
    const path = route.path.replace(":app", app).replace(":deploy", "1");
    said.push([name, await call("GET", path)]);
  }
}

suite("no secret is", () => {
  test("in a file below the root or the run directory", () => {
    const files = [platform.layout.root, platform.layout.run].flatMap((root) => filesBelow(root));
    assert.ok(files.length > 30, "too few files were looked at");
    for (const file of files) {
      const forms = file === platform.layout.masterKey ? textForms() : [...textForms(), ...keyForms()];
      refuse(readFileSync(file), forms, file);
    }
  });

  test("in what the API answered or the CLI printed, also of failures", () => {
    assert.ok(said.length > 40, `only ${said.length} answers were kept`);
    for (const [where, text] of said) refuse(Buffer.from(text), [...textForms(), ...keyForms()], where);
  });

  test("in a command line, or in the environment of a process that is not the app's", async () => {
    let apps = 0;
    let ours = 0;
    for (const pid of await processesOf(platform.base)) {
      const read = (file: string) => readFileSync(`/proc/${pid}/${file}`);
      const line = read("cmdline").toString().replaceAll("\0", " ");
      refuse(read("cmdline"), [...textForms(), ...keyForms()], `the command line of ${line}`);
      const environment = read("environ");
      if (environment.includes(`BY_API=`) && line.includes("http.server")) apps += 1;
      else {
        refuse(environment, [...textForms(), ...keyForms()], `the environment of ${line}`);
        ours += 1;
      }
    }
    assert.ok(apps > 0, "the app's own process was not found");
    assert.ok(ours >= 4, "supervisor, hop3d, caddy and a launcher were not all found");
  });

  test("in a file of the client that others can read; and there only the token", () => {
    const files = filesBelow(home);
    const holding = files.filter((file) => readFileSync(file).includes(platform.token));
    assert.equal(holding.length, 1, `the token is in ${holding.join(", ") || "no file"}`);
    assert.equal(statSync(holding[0] ?? "").mode & 0o777, 0o600);
    const others = textForms().filter(([what]) => what !== "admin's token");
    for (const file of files) refuse(readFileSync(file), [...others, ...keyForms()], file);
  });
});

test("the sweep finds a canary that was planted, in each of its forms", () => {
  for (const [what, form] of [...textForms(), ...keyForms()]) {
    const planted = Buffer.concat([Buffer.from("x"), form, Buffer.from("y")]);
    assert.throws(() => refuse(planted, [[what, form]], "planted"), /planted holds/);
  }
  assert.equal(new Set(Object.values(secrets)).size, 9);
});

type Form = readonly [what: string, bytes: Buffer];

function textForms(): Form[] {
  return Object.entries(secrets).flatMap(([what, secret]): Form[] => [
    [what, Buffer.from(secret)],
    // Without its ends, which depend on what stands around.
    [what, Buffer.from(Buffer.from(secret).toString("base64").slice(0, 24))],
    [what, Buffer.from(Buffer.from(secret).toString("hex"))],
  ]);
}

function keyForms(): Form[] {
  const key = readFileSync(platform.layout.masterKey);
  assert.equal(key.length, 32);
  return [key, ...(["hex", "base64", "base64url"] as const).map((form) => Buffer.from(key.toString(form)))].map(
    (form): Form => ["the master key", form],
  );
}

function refuse(content: Buffer, forms: readonly Form[], where: string): void {
  for (const [what, form] of forms) assert.ok(!content.includes(form), `${where} holds: ${what}`);
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => join(root, path))
    .filter((path) => lstatSync(path).isFile());
}

function appDir(name: string, web: string, build = "true"): string {
  const dir = join(platform.base, "apps", name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Procfile"), `build: ${build}\nweb: ${web}\n`);
  writeFileSync(join(dir, "hop3.toml"), '[env]\nGENERATED = { generate = "hex", length = 32 }\n');
  writeFileSync(join(dir, "version"), name);
  return dir;
}

type Call = {
  readonly type?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
};

function json(value: unknown): Call {
  return { type: "application/json", body: JSON.stringify(value) };
}

/** Any status is an answer. */
async function call(method: string, path: string, { type, body, headers }: Call = {}): Promise<string> {
  const response = await fetch(platform.apiUrl + path, {
    method,
    headers: {
      authorization: `Bearer ${platform.token}`,
      ...(type === undefined ? {} : { "content-type": type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = `${JSON.stringify([...response.headers])}\n${await response.text()}`;
  said.push([`${method} ${path} ${response.status}`, text]);
  return text;
}

async function hop3(line: readonly string[], input = ""): Promise<void> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  const ran = await exec([process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line], {
    cwd: home,
    env,
    input,
    timeoutMs: 30_000,
  });
  const printed = ran.stdout + ran.stderr;
  assert.equal(ran.exitCode, 0, `hop3 ${line.join(" ")}: ${printed}`);
  said.push([`hop3 ${line.join(" ")}`, printed]);
}
