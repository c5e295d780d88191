import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import type { Principal } from "#identity/principal.ts";
import { createServer } from "../server.ts";
import { memoryPlatform, memoryServerOptions } from "../testing.ts";
import type { GitProcess, GitRequest } from "./conversation.ts";

const somebody = (
  name: string,
  role: Principal["roles"][number],
  scope: Partial<Principal["scope"]> = {},
): Principal => ({
  name,
  kind: "person",
  org: "default",
  roles: [role],
  grants: new Map(),
  credential: { id: name, kind: "token", name: "laptop", expiresAt: null },
  scope: { actions: null, apps: null, ...scope },
  address: undefined,
});

const people = new Map([
  ["dev-secret", somebody("dev", "developer")],
  ["view-secret", somebody("vi", "viewer")],
  ["member-secret", somebody("mem", "member")],
  ["shop-secret", somebody("shopkeeper", "developer", { apps: ["shop"] })],
  ["push-secret", somebody("ci", "developer", { actions: ["app.deploy"] })],
]);

/** A server whose git is a script of what it says. */
function setUp(said = "Content-Type: text/x-said\r\n\r\nhello") {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const asked: GitRequest[] = [];
  const server = createServer({
    ...options,
    git: {
      authenticateSecret: async (secret) => {
        const found = people.get(secret ?? "");
        if (found === undefined)
          throw new AppError("UNAUTHENTICATED", "This token is not valid here, or not any more.");
        return found;
      },
      reload: async ({ credential }) => [...people.values()].find((one) => one.credential.id === credential.id),
      authorize: options.authorize,
      orgOfApp: options.orgOfApp,
      open: async (request): Promise<GitProcess> => {
        asked.push(request);
        const stdout = new PassThrough();
        stdout.end(said);
        const cut = new AbortController().signal;
        return { stdin: new PassThrough().resume(), stdout, stderr: new PassThrough(), ended: Promise.resolve(0), cut };
      },
    },
  });
  const ask = async (path: string, secret?: string, method = "GET", headers: Record<string, string> = {}) => {
    const authorization = secret === undefined ? {} : { authorization: `Basic ${btoa(`git:${secret}`)}` };
    const response = await server.request(`http://localhost${path}`, {
      method,
      headers: { host: "localhost", ...authorization, ...headers },
    });
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      challenge: response.headers.get("www-authenticate"),
      text: await response.text(),
    };
  };
  return { ask, asked, audited: options.audited };
}

const fetching = "/info/refs?service=git-upload-pack";
const pushing = "/info/refs?service=git-receive-pack";

test("each address asks for its own right, and what is not allowed never reaches git", async () => {
  const { ask, asked } = setUp();
  for (const [path, secret, status] of [
    [`/git/blog.git${fetching}`, "dev-secret", 200],
    [`/git/blog${fetching}`, "dev-secret", 200],
    [`/git/blog.git${pushing}`, "dev-secret", 200],
    [`/git/newapp.git${pushing}`, "dev-secret", 200],
    [`/git/blog.git${pushing}`, "push-secret", 200],
    // A looker may see the app, and neither its source nor push to it.
    [`/git/blog.git${fetching}`, "view-secret", 403],
    [`/git/blog.git${pushing}`, "view-secret", 403],
    [`/git/newapp.git${pushing}`, "view-secret", 403],
    [`/git/blog.git${fetching}`, "push-secret", 404],
    // For these the app is not there.
    [`/git/blog.git${fetching}`, "member-secret", 404],
    [`/git/newapp.git${pushing}`, "member-secret", 404],
    [`/git/blog.git${pushing}`, "shop-secret", 404],
    // There is nothing to fetch.
    [`/git/newapp.git${fetching}`, "dev-secret", 404],
    [`/git/blog.git${fetching}`, "wrong-secret", 401],
    [`/git/blog.git${fetching}`, undefined, 401],
    [`/git/blog.git${fetching}`, "", 401],
  ] as const) {
    const before = asked.length;
    const answer = await ask(path, secret);
    assert.equal(answer.status, status, `${path} ${secret}: ${answer.text}`);
    assert.equal(asked.length - before, status === 200 ? 1 : 0, path);
    if (status === 401) assert.match(answer.challenge ?? "", /^Basic realm=/);
    if (status !== 200) assert.equal(answer.type, "text/plain; charset=utf-8");
  }
  for (const [service, secret, status] of [
    ["git-upload-pack", "dev-secret", 200],
    ["git-upload-pack", "push-secret", 404],
    ["git-receive-pack", "push-secret", 200],
    ["git-receive-pack", "view-secret", 403],
  ] as const) {
    assert.equal((await ask(`/git/blog.git/${service}`, secret, "POST")).status, status, `${service} ${secret}`);
  }
});

test("an address that is none of git's, or of no app, is answered without git", async () => {
  const { ask, asked } = setUp();
  for (const path of [
    "/git/blog.git/info/refs",
    "/git/blog.git/info/refs?service=git-upload-archive",
    "/git/blog.git/HEAD",
    "/git/blog.git/objects/info/packs",
    "/git/blog.git/config",
    `/git/..%2Fblog.git${fetching}`,
    `/git/%2e%2e${fetching}`,
    `/git/blog%00.git${fetching}`,
    `/git/blog%0d%0aX.git${fetching}`,
    `/git/BLOG.git${fetching}`,
    `/git/bl%C3%B6g.git${fetching}`,
    `/git/--help.git${fetching}`,
    `/git/${"a".repeat(300)}.git${fetching}`,
    `/git/hooks/pre-receive${fetching}`,
    `/git/${fetching}`,
  ]) {
    const { status } = await ask(path, "dev-secret");
    assert.ok(status === 400 || status === 404, `${path}: ${status}`);
  }
  assert.deepEqual(asked, []);
});

test("git finds of a request what it needs and nothing more; what has not its form is left out", async () => {
  const { ask, asked } = setUp();
  await ask("/git/blog.git/git-receive-pack?x=1", "dev-secret", "POST", {
    "content-type": "application/x-git-receive-pack-request",
    "git-protocol": "version=2",
    "content-encoding": "gzip",
    "content-length": "12",
    "x-forwarded-for": "1.2.3.4",
    proxy: "http://evil",
  });
  await ask("/git/blog.git/git-receive-pack", "dev-secret", "POST", {
    "content-type": "a\tb",
    "git-protocol": "version=2:side-band",
    "content-encoding": "br",
  });
  const [first, second] = asked.map(({ how }) => (how.kind === "http" ? how.cgi : {}));
  assert.deepEqual(first, {
    REQUEST_METHOD: "POST",
    PATH_INFO: "/blog.git/git-receive-pack",
    QUERY_STRING: "",
    CONTENT_TYPE: "application/x-git-receive-pack-request",
    CONTENT_LENGTH: "12",
    HTTP_CONTENT_ENCODING: "gzip",
    GIT_PROTOCOL: "version=2",
    REMOTE_USER: "dev",
    REMOTE_ADDR: "",
  });
  assert.deepEqual(
    [second?.["CONTENT_TYPE"], second?.["GIT_PROTOCOL"], second?.["HTTP_CONTENT_ENCODING"]],
    ["", "", ""],
  );
});

test("who may no more is told so when it is asked again", async () => {
  const { ask, asked } = setUp();
  await ask(`/git/blog.git${pushing}`, "dev-secret");
  const [{ stillMay } = assert.fail("git was not asked")] = asked;
  await stillMay();
  const dev = people.get("dev-secret");
  people.delete("dev-secret");
  try {
    await assert.rejects(stillMay(), { code: "UNAUTHENTICATED" });
    people.set("dev-secret", somebody("dev", "viewer"));
    await assert.rejects(stillMay(), { code: "DENIED" });
  } finally {
    if (dev !== undefined) people.set("dev-secret", dev);
  }
});

test("refusals are told to the audit log with who was refused, and never with a secret", async () => {
  const { ask, audited } = setUp();
  await ask(`/git/blog.git${pushing}`, "view-secret");
  await ask(`/git/blog.git${pushing}`, "member-secret");
  await ask(`/git/blog.git${pushing}`, "wrong-secret");
  assert.deepEqual(
    audited.map(({ actor, action, app, outcome }) => [actor.name, action, app, outcome]),
    [
      ["vi", "app.deploy", "blog", "DENIED"],
      ["mem", "app.deploy", "blog", "APP_NOT_FOUND"],
      ["nobody", "app.deploy", "blog", "UNAUTHENTICATED"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(audited), /-secret/);
});

test("a git that says nothing, or no head, is an error and no hang", async () => {
  for (const said of ["", "Status: 200 OK"]) {
    const { status, text } = await setUp(said).ask(`/git/blog.git${fetching}`, "dev-secret");
    assert.equal(status, 503);
    assert.match(text, /git ended without an answer/);
  }
  const { status } = await setUp("Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno").ask(
    `/git/blog.git${fetching}`,
    "dev-secret",
  );
  assert.equal(status, 404);
});
