import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../errors.ts";
import { planImport, type PlanOptions } from "./plan-import.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { memoryTree } from "./testing.ts";

const plan = (tree: ImportTree, options: Partial<PlanOptions> = {}) =>
  planImport(tree, { name: "blog", rename: new Map(), ...options });
const one = (tree: ImportTree, options: Partial<PlanOptions> = {}): ImportedApp => {
  const { apps } = plan(tree, options);
  assert.equal(apps.length, 1);
  return apps[0] as ImportedApp;
};
const shown = ({ name, variables, domains, scale, code }: ImportedApp) => ({
  name,
  variables: Object.fromEntries(variables),
  domains,
  scale: Object.fromEntries(scale),
  code: code === undefined ? null : `${code.kind} ${code.path}`,
});
const left = ({ left }: Pick<ImportedApp, "left">) => left.map(({ what, why }) => `${what}: ${why}`);
const says = (app: Pick<ImportedApp, "left">, words: RegExp): void =>
  assert.ok(
    left(app).some((line) => words.test(line)),
    `${words} in ${left(app).join("\n")}`,
  );

describe("importing a directory", () => {
  const manifest = JSON.stringify({
    name: "Small Sharp Tool",
    scripts: { postdeploy: "rake bootstrap" },
    env: {
      SECRET_TOKEN: { description: "signs cookies", generator: "secret" },
      WEB_CONCURRENCY: { value: "5" },
      LANG: "de",
      API_KEY: { description: "of the mailer" },
      OPTIONAL: { required: false },
      DEBUG: { value: "0" },
    },
    formation: { web: { quantity: 2, size: "standard-1x" }, worker: { quantity: 1 } },
    addons: ["openredis", { plan: "heroku-postgresql" }],
    buildpacks: [{ url: "https://example.com/buildpack" }],
    image: "heroku/ruby",
  });

  it("takes variables of .env before those of app.json, and counts", () => {
    const app = one(
      memoryTree({
        Procfile: "web: serve",
        ".env": "DEBUG=1\nexport DATABASE_URL='postgres://x'\n",
        "app.json": manifest,
      }),
    );
    assert.deepEqual(shown(app), {
      name: "blog",
      variables: { DEBUG: "1", DATABASE_URL: "postgres://x", WEB_CONCURRENCY: "5", LANG: "de" },
      domains: [],
      scale: { web: 2, worker: 1 },
      code: "directory .",
    });
    says(app, /^"SECRET_T\.\.\.": app.json wants a secret made/);
    says(app, /^"API_KEY": app.json requires it and gives no value/);
    says(app, /^script postdeploy: a `release` line/);
    for (const key of ["addons", "buildpacks", "image"]) says(app, new RegExp(`^${key} of app.json: `));
    assert.ok(!left(app).some((line) => line.includes("OPTIONAL")));
  });

  it("a variable that Hop3 gives, or that cannot be one, stays behind by its name alone", () => {
    const app = one(
      memoryTree({ ".env": `PORT=5000\nbad-name=s3cret\n__proto__=x\nLONG=${"x".repeat(40_000)}\nGOOD=1` }),
    );
    assert.deepEqual(shown(app).variables, { GOOD: "1" });
    says(app, /^PORT: Hop3 gives it to each process itself/);
    says(app, /^"bad-name": it is no valid name/);
    says(app, /^LONG: its value is longer than 32768 characters/);
    assert.ok(!JSON.stringify(app.left).includes("s3cret"));
  });

  it("an .env that is a link, or too large, or a folder is noted and not read", () => {
    says(one(memoryTree({ Procfile: "web: x", ".env": { link: "/etc/shadow" } })), /^\.env: it is a symbolic link/);
    says(
      one(memoryTree({ Procfile: "web: x", ".env": `A=${"x".repeat(2_000_000)}` })),
      /^\.env: it is larger than 1 MiB/,
    );
    says(one(memoryTree({ Procfile: "web: x", ".env": null })), /^\.env: it is no file/);
  });

  it("an app.json that is none is noted", () => {
    for (const text of ["", "[]", "{", "null", '"x"'])
      says(one(memoryTree({ "app.json": text })), /^app.json: it is not a JSON object/);
    const odd = one(
      memoryTree({
        "app.json": '{"env":{"A":{"value":7},"B":null,"C":[1]},"formation":{"web":{"quantity":1e9},"W!":1}}',
      }),
    );
    assert.deepEqual(shown(odd).scale, {});
    says(odd, /^scale of web: its count is not a number up to 64/);
    says(odd, /^scale of "W!": it is no valid name/);
  });

  it("gets the nearest valid name", () => {
    const names: Record<string, string> = {
      My_Shop: "my-shop",
      "Zoë's Café": "zoe-s-cafe",
      "9lives": "lives",
      "a.b.c-": "a-b-c",
      [`x${"y".repeat(80)}`]: `x${"y".repeat(63)}`,
    };
    for (const [was, name] of Object.entries(names))
      assert.equal(one(memoryTree({ Procfile: "" }), { name: was }).name, name);
  });

  it("a name of which nothing is left is told, and can be given", () => {
    const { apps, left } = plan(memoryTree({ Procfile: "" }), { name: "日本" });
    assert.deepEqual(apps, []);
    assert.match(left[0]?.why ?? "", /--rename gives it one/);
    assert.equal(
      one(memoryTree({ Procfile: "" }), { name: "日本", rename: new Map([["日本", "nihon"]]) }).name,
      "nihon",
    );
  });

  it("what holds nothing known is refused, and so is a bad new name", () => {
    const code = (wanted: string) => (error: unknown) => error instanceof AppError && error.code === wanted;
    assert.throws(() => plan(memoryTree({ "notes.txt": "x" })), code("INVALID_INPUT"));
    assert.throws(
      () => plan(memoryTree({ Procfile: "" }), { rename: new Map([["blog", "No!"]]) }),
      code("INVALID_APP_NAME"),
    );
    assert.throws(() => plan(memoryTree({ Procfile: "" }), { rename: new Map([["shop", "x1"]]) }), code("NOT_FOUND"));
  });
});

describe("importing from Heroku", () => {
  const info = JSON.stringify({
    addons: [{ name: "postgresql-flat-1", plan: { name: "heroku-postgresql:essential-0" } }],
    app: {
      name: "sharp-rain-871",
      web_url: "https://sharp-rain-871.herokuapp.com/",
      maintenance: true,
      stack: { name: "heroku-24" },
    },
    dynos: [
      { name: "web.1", type: "web" },
      { name: "web.2", type: "web" },
      { name: "worker.1", type: "worker" },
      { name: "run.77", type: "run" },
    ],
    collaborators: [],
    pipeline_coupling: null,
  });

  it("takes name, configuration, custom domains and counts of dynos", () => {
    const app = one(
      memoryTree({
        "info.json": info,
        "config.env":
          "DATABASE_URL=postgres://u:p@h/d\nGREETING='hello world'\nQUOTED='it'\\''s'\nHEROKU_APP_ID=1\nBUILDPACK_URL=x\n",
        "domains.json": JSON.stringify([
          { hostname: "sharp-rain-871.herokuapp.com", kind: "heroku" },
          { hostname: "www.Example.com", kind: "custom" },
          { hostname: "*.example.com", kind: "custom" },
        ]),
      }),
    );
    assert.deepEqual(shown(app), {
      name: "sharp-rain-871",
      variables: { DATABASE_URL: "postgres://u:p@h/d", GREETING: "hello world", QUOTED: "it's" },
      domains: ["www.example.com"],
      scale: { web: 2, worker: 1 },
      code: null,
    });
    for (const words of [
      /^add-on heroku-postgresql:essential-0/,
      /^maintenance mode/,
      /^HEROKU_APP_ID/,
      /^BUILDPACK_URL/,
      /^domain "\*\.example/,
    ])
      says(app, words);
  });

  it("takes config --json as well, and what is none of these is noted", () => {
    assert.deepEqual(shown(one(memoryTree({ "config.json": '{"A":"1","B":"x\\ny"}' }))).variables, {
      A: "1",
      B: "x\ny",
    });
    const bad = one(memoryTree({ "config.json": "[]", "info.json": "{", "domains.json": "{}" }));
    for (const file of ["config", "info", "domains"]) says(bad, new RegExp(`^${file}.json: it is not what`));
  });
});

describe("importing from dokku", () => {
  const repository = { HEAD: "ref: refs/heads/master", "refs/heads/master": "a".repeat(40), "objects/pack": null };
  const below = (folder: string, files: object) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));

  it("takes one app's directory, as old versions keep it", () => {
    const app = one(
      memoryTree({
        ...repository,
        ENV: "export DATABASE_URL='postgres://x'\nexport DOKKU_APP_RESTORE='1'\nexport DOKKU_PROXY_PORT_MAP='http:80:5000 http:8443:5000'\nexport GIT_REV='abc'\nexport PEM='-----BEGIN\nx\n-----END'\n",
        VHOST: "blog.example.com\nwww.example.com\n",
        DOKKU_SCALE: "web=2\nworker=1\n",
        "nginx.conf.d/upload.conf": "client_max_body_size 50m;",
        "tls/server.key": "secret",
        DOCKER_OPTIONS_RUN: "-v /srv/x:/x",
      }),
    );
    assert.deepEqual(shown(app), {
      name: "blog",
      variables: { DATABASE_URL: "postgres://x", PEM: "-----BEGIN\nx\n-----END" },
      domains: ["blog.example.com", "www.example.com"],
      scale: { web: 2, worker: 1 },
      code: "repository .",
    });
    for (const words of [
      /^DOKKU_APP_RESTORE/,
      /^DOKKU_PROXY_PORT_MAP: .*not on 8443/,
      /^GIT_REV/,
      /^nginx.conf.d\/upload.conf/,
      /^tls/,
      /^DOCKER_OPTIONS_RUN/,
    ])
      says(app, words);
  });

  it("takes a whole server, with what newer versions keep below /var/lib/dokku/config", () => {
    const tree = memoryTree({
      VERSION: "0.38.26",
      VHOST: "example.com",
      ".ssh/authorized_keys": "",
      "tls/x": "",
      ...below("blog", repository),
      ...below("shop", { ...repository, VHOST: "shop.example.com\nwww.example.com", "ENV.migrated": "OLD=1" }),
      ...below("blog", { ENV: "STALE=1", VHOST: "blog.example.com\nwww.example.com" }),
    });
    const dokkuConfig = memoryTree({
      "config/blog/ENV": 'DATABASE_URL="postgres://x"\nMULTI="a\\nb \\$c \\"d\\""\nDEBUG=1\n',
      "config/blog/env-migrated": "true",
      "ps/blog/scale": "web=3\ncron=0\n",
    });
    const { kind, apps } = plan(tree, { dokkuConfig, name: "dokku" });
    assert.equal(kind, "dokku");
    assert.deepEqual(apps.map(shown), [
      {
        name: "blog",
        variables: { DATABASE_URL: "postgres://x", MULTI: 'a\nb $c "d"', DEBUG: "1" },
        domains: ["blog.example.com", "www.example.com"],
        scale: { web: 3, cron: 0 },
        code: "repository blog",
      },
      { name: "shop", variables: {}, domains: ["shop.example.com"], scale: {}, code: "repository shop" },
    ]);
    says(apps[1] as ImportedApp, /^domain www.example.com: blog has it, too/);
  });

  it("an app whose files are links is not followed out of the tree", () => {
    const app = one(
      memoryTree({ ...repository, ENV: { link: "/root/.ssh/id_rsa" }, VHOST: { link: "../../etc/passwd" } }),
    );
    assert.deepEqual(shown(app).variables, {});
    says(app, /^ENV: it is a symbolic link/);
    says(app, /^VHOST: it is a symbolic link/);
  });
});

describe("importing a piku home", () => {
  const tree = memoryTree({
    ".piku/apps/blog/Procfile": "web: serve",
    ".piku/apps/My_Site/index.html": "",
    ".piku/apps/my-site/index.html": "",
    ".piku/repos/blog/HEAD": "",
    ".piku/envs/blog/ENV":
      '# set by hand\nROOT=/srv\nMEDIA=${ROOT}/media/$ROOT\nQUOTED="kept"\nNGINX_SERVER_NAME=blog.example.com, www.example.com\nNGINX_HTTPS_ONLY=1\nUWSGI_PROCESSES=4\nPORT=5000\nbroken line\nNODE_VERSION=20\n',
    ".piku/envs/blog/LIVE_ENV": "SECRET=not read\n",
    ".piku/envs/blog/SCALING": "web:2\nworker:1\n",
  });

  it("takes what was set, puts settings together as piku does, and keeps its own to itself", () => {
    const { kind, apps } = plan(tree, { name: "home" });
    assert.equal(kind, "piku");
    const blog = apps.find(({ name }) => name === "blog") as ImportedApp;
    assert.deepEqual(shown(blog), {
      name: "blog",
      variables: { ROOT: "/srv", MEDIA: "/srv/media//srv", QUOTED: '"kept"' },
      domains: ["blog.example.com", "www.example.com"],
      scale: { web: 2, worker: 1 },
      code: "directory .piku/apps/blog",
    });
    for (const words of [
      /^NGINX_HTTPS_ONLY/,
      /^UWSGI_PROCESSES/,
      /^PORT/,
      /^ENV:9: the line is not NAME=value/,
      /^NODE_VERSION/,
    ])
      says(blog, words);
  });

  it("two apps that would have one name are not made one", () => {
    const { apps, left } = plan(tree, { name: "home" });
    assert.deepEqual(
      apps.map(({ was, name }) => `${was} ${name}`),
      ["My_Site my-site", "blog blog"],
    );
    assert.match(left[0]?.why ?? "", /would be called my-site as "My_Site" is; --rename/);
    const renamed = plan(tree, { name: "home", rename: new Map([["My_Site", "old-site"]]) });
    assert.deepEqual(
      renamed.apps.map(({ name }) => name),
      ["old-site", "blog", "my-site"],
    );
  });

  it("a value that grows over all bounds is noted, and takes no memory", () => {
    const bomb = ["A0=xxxxxxxxxx", ...Array.from({ length: 12 }, (_, i) => `A${i + 1}=${`$A${i}`.repeat(10)}`)];
    const home = memoryTree({ "apps/xx/a": "", "repos/xx/a": "", "envs/xx/ENV": bomb.join("\n") });
    const app = one(home);
    says(app, /^ENV:5: the line has a value that grows too long/);
    assert.ok([...app.variables.values()].every((value) => value.length <= 32 * 1024));
  });
});

describe("importing a Python Hop3 home", () => {
  it("takes apps and variables of its database, and of its directories", () => {
    const {
      kind,
      apps,
      left: server,
    } = plan(
      memoryTree({
        "hop3.db": {
          rows: {
            app: [
              { id: "1", name: "blog" },
              { id: "2", name: "gone" },
            ],
            env_var: [
              { app_id: "1", name: "HOST_NAME", value: "blog.example.com" },
              { app_id: "1", name: "DEBUG", value: "0" },
              { app_id: "2", name: "A", value: "x" },
            ],
          },
        },
        "apps/blog/ENV": "DEBUG=1\nLANG=de\n",
        "apps/blog/src/Procfile": "web: x",
        "apps/blog/venv/SCALING": "web:2",
        "apps/blog/data/db.sqlite": "",
        "backups/x": "",
      }),
    );
    assert.equal(kind, "hop3");
    assert.deepEqual(apps.map(shown), [
      {
        name: "blog",
        variables: { DEBUG: "0", LANG: "de" },
        domains: ["blog.example.com"],
        scale: { web: 2 },
        code: "directory apps/blog/src",
      },
      { name: "gone", variables: { A: "x" }, domains: [], scale: {}, code: null },
    ]);
    says(apps[0] as ImportedApp, /^data: files of the app/);
    assert.match(server[0]?.what ?? "", /^backups/);
  });

  it("takes early versions, whose variables belong to an instance, and homes without a database", () => {
    const early = plan(
      memoryTree({
        "hop3.db": {
          rows: { instance: [{ id: "7", name: "blog" }], env_var: [{ instance_id: "7", name: "A", value: "1" }] },
        },
      }),
    );
    assert.deepEqual(
      early.apps.map(shown).map(({ variables }) => variables),
      [{ A: "1" }],
    );
    const bare = plan(memoryTree({ "apps/blog/git/HEAD": "", "uwsgi-enabled/x.ini": "" }));
    assert.deepEqual(
      bare.apps.map(shown).map(({ code }) => code),
      ["repository apps/blog/git"],
    );
  });
});
