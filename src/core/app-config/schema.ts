/**
 * The complete schema of hop3.toml: one object, from which the file is checked, its reference page is made, and
 * misspelt keys are answered. A key with `notBuilt` is known and refused, never parsed and ignored.
 */
import { z } from "zod";
import { cron } from "./cron-schema.ts";
import { healthcheck } from "./healthcheck-schema.ts";
import { limits } from "./limits-schema.ts";
import { key, notBuilt } from "./schema-key.ts";
import {
  command,
  directory,
  policy,
  processTypeName,
  restartPolicy,
  seconds,
  staticPaths,
  strings,
  text,
  urlPath,
} from "./schema-values.ts";
import { envValueMax, keepWarmMax, keepWarmStandard, probeTimeoutMax, startTimeoutMax } from "../limits.ts";
import { isAppName, isHostName } from "../names.ts";
import { volumes } from "./volumes-schema.ts";

const generate = z.strictObject({
  generate: z.enum(["hex", "base64", "urlsafe", "password", "uuid"], "must be hex, base64, urlsafe, password or uuid"),
  length: z.int("must be a whole number").min(8, "must be at least 8").max(512, "must be at most 512").optional(),
  prefix: z.string("must be a string").max(128).optional(),
});
const fromApp = z.strictObject({
  from: z.literal("app").optional(),
  key: z.enum(["domain", "hostname", "name"], "must be domain, hostname or name"),
});
export const envTable = { generate, fromApp };

const metadata = z.strictObject({
  id: key(
    z
      .string()
      .refine(isAppName, "must have 2 to 64 lowercase letters, digits or hyphens, and start with a letter")
      .optional(),
    "The app's name, used when no other way names it.",
  ),
  version: key(text.optional(), "For people."),
  title: key(text.optional(), "For people."),
  name: key(text.optional(), "For people."),
  description: key(z.string().max(16_384).optional(), "For people."),
  author: key(text.optional(), "For people."),
  license: key(text.optional(), "For people."),
  homepage: key(text.optional(), "For people."),
  categories: key(strings.optional(), "For people."),
  tags: key(strings.optional(), "For people."),
});

const build = z.strictObject({
  builder: key(
    z.enum(["auto", "local", "docker", "nix"], "must be auto, local, docker or nix").optional(),
    "How the app is built. `auto` and `local` build on the host; `docker` and `nix` are not built yet.",
    { standard: "`auto`" },
  ),
  toolchain: key(text.optional(), "`python`, `node`, `static` or `generic`, instead of what the files tell.", {
    standard: "detected",
  }),
  directory: key(
    directory.optional(),
    "The app's folder inside the upload, for a repository that holds several apps.",
    {
      standard: "`.`",
      shown: "directory",
    },
  ),
  "before-build": key(command.optional(), "Run before the toolchain. Wins over Procfile `prebuild`.", {
    shown: "command",
  }),
  build: key(
    command.optional(),
    "Replaces the toolchain's own build step (dependencies are still installed). Wins over Procfile `build`.",
    { shown: "command" },
  ),
  "after-build": key(command.optional(), "Run after the toolchain. Wins over Procfile `postbuild`.", {
    shown: "command",
  }),
  test: key(
    command.optional(),
    "Run after the build, as a step of it: in what was built, without the app's data and volumes. A failure ends the deploy.",
    { shown: "command" },
  ),
  network: key(
    z.boolean("must be true or false").optional(),
    "`false`: the build's commands, that of the toolchain among them, reach no network, nor this server's own ports; what they need must be in the upload or in the build cache. Needs system mode. Runtimes that Hop3 itself installs come all the same.",
    { standard: "`true`", shown: "`true`, `false`" },
  ),
  "pip-install": key(
    strings.optional(),
    "Python packages installed beside the app's own; refused where Python does not build the app.",
    {
      shown: "list of requirements",
    },
  ),
  "node-version": key(
    z
      .union(
        [z.string().regex(/^[\w.\-^~<>=| *]{1,64}$/), z.int().min(1).max(999)],
        'must be a version or a range, such as 22 or "^22.3"',
      )
      .transform(String)
      .optional(),
    "Node for the app; refused where Node does not build it. Wins over `engines.node` of package.json, `.nvmrc` and `.node-version`.",
    { shown: "version or range" },
  ),
  ignore: key(
    z.array(z.string().min(1).max(256), "must be a list of patterns").max(200, "has more than 200 entries").optional(),
    "Patterns left out of the upload, beside the standard ones.",
    { shown: "list of patterns" },
  ),
  packages: notBuilt("list", "System packages that the build needs."),
  "ignore-file": notBuilt("path", "A file of patterns; use `ignore`."),
  toolchains: notBuilt("list", "Several toolchains in order; use `before-build` for the second."),
  python: notBuilt("table", "`package_manager`; it is told by the lock file."),
  node: notBuilt("table", "`package_manager`; it is told by the lock file or package.json."),
});

const run = z.strictObject({
  start: key(command.optional(), "The web process. Wins over Procfile `web`.", { shown: "command" }),
  "before-run": key(command.optional(), "Run before every new release starts. Wins over Procfile `prerun`.", {
    shown: "command",
  }),
  "start-timeout": key(
    seconds(startTimeoutMax).optional(),
    `Seconds that the app may take to listen, at most ${startTimeoutMax}.`,
    { standard: "60" },
  ),
  "keep-warm": key(
    seconds(keepWarmMax, true).optional(),
    `Seconds that the web instances of a release run on after the next one has taken their place, so that a rollback needs no start; 0 for none, at most ${keepWarmMax}. They end sooner when the host is short of memory. Refused for an app without a \`web\` process.`,
    { standard: String(keepWarmStandard) },
  ),
  static: key(staticPaths.optional(), "URL path = directory, served without the app.", {
    shown: "table of URL path = directory",
  }),
  healthcheck: key(
    urlPath.optional(),
    "URL path that answers 2xx or 3xx when the app is well; short for `[healthcheck] path`.",
    {
      shown: "URL path",
    },
  ),
  "healthcheck-timeout": key(
    seconds(probeTimeoutMax).optional(),
    "Seconds for its answer; short for `[healthcheck] timeout`.",
  ),
  workers: key(
    z.record(processTypeName, command).optional(),
    "Process type = command, each a daemon. Wins over the Procfile's process of that name.",
    { shown: "table of name = command" },
  ),
  restart: key(
    z.record(processTypeName, restartPolicy).optional(),
    "Process type = `always`, `on_failure` or `never`: which of its ends are answered with a restart, after 10 s, then twice as long each time, 300 s at most. A minute in service makes the next wait the first again; after 10 restarts without one it stays `failed`. `on_failure`: all but exit 0, after which it stays `ended`. `never`: it stays `ended` after any; a deploy, a person and a start of the server start it all the same. A process that the app does not have is refused.",
    { shown: "table of process type = policy", standard: "`always`" },
  ),
  packages: notBuilt("list", "System packages that the app needs when it runs."),
});

const domain = z.string().transform((name) => name.toLowerCase());

/** Names of env entries and their shapes are checked in env-section.ts, which can say more than a union. */
const env = z.record(z.string(), z.unknown(), "must be a table").superRefine((table, context) => {
  const parsed = policy.optional().safeParse(table["_policy"]);
  if (!parsed.success) {
    context.addIssue({ code: "custom", path: ["_policy"], message: 'must be "keep-existing" or "override"' });
  }
});

export const hop3Toml = z.strictObject({
  metadata: key(metadata.optional(), "What the app is."),
  build: key(build.optional(), "How it is built."),
  run: key(run.optional(), "What runs."),
  env: key(
    env.optional(),
    `Environment. Each key is a variable: a scalar (at most ${envValueMax} characters), \`{generate = "hex"|"base64"|"urlsafe"|"password"|"uuid", length, prefix}\` (made once and kept), or \`{from = "app", key = "domain"|"hostname"|"name"}\`. \`_policy\` says who wins when the variable is already set on the server: \`keep-existing\` (standard) or \`override\`. The table \`[env.computed]\` holds templates with \`\${NAME}\`. \`HOST_NAME\` is another way to give \`[domains] list\`. Values from an addon (\`from\`), \`external_ip\` and \`display\` are not built yet.`,
    { shown: "table" },
  ),
  domains: key(
    z
      .strictObject({
        list: key(
          z
            .array(
              domain.refine((name) => name === "_" || isHostName(name), "is not a domain such as www.example.com"),
              "must be a list of domains",
            )
            .max(100, "has more than 100 entries")
            .optional(),
          'Host names of the app, beside the one it always has. `"_"` (every name) is not built yet.',
          { shown: "list of domains" },
        ),
        _policy: notBuilt("string", "Who wins when the server has domains already."),
      })
      .optional(),
    "Where it answers.",
  ),
  healthcheck: key(
    healthcheck.optional(),
    "How a new release is known to be well before it takes over, by one of `path`, `command` and `socket`; a running one is not asked yet. An app that says nothing is well when its `web` answers anything in HTTP. `path` and `socket` are refused for an app without a `web` process.",
  ),
  cron: key(
    cron.optional(),
    "What runs by the clock, a `[[cron]]` table each, beside the `cron` lines of the Procfile. Only the release that serves has its jobs run, and none while the app is stopped. Where clocks are put forward, a time of the day that is skipped comes once, right after the gap; where they are put back, one that comes twice comes once. When the server's clock is set, the server sleeps or restarts, the times of the day of up to three hours are made up for, each job once; nothing older is. A schedule whose minute or hour begins with `*` just goes on by what the clocks show. What is due together starts a quarter of a second apart, 16 jobs at a time on the server and 4 of one app.",
  ),
  volumes: key(
    volumes.optional(),
    "Directories that builds and releases do not replace, a `[[volumes]]` table each. Everything of the app that runs sees them, builds do not. A volume is known by its name: one that is not named any more is kept until the app is destroyed, and comes back with its name. No part of the way to `target` may be a link, and the edge serves nothing of it. An app's own data directory is there without any: `$HOP3_DATA_DIR`.",
  ),
  limits: key(
    limits.optional(),
    "What the app may take of the server: all processes of a release together, with its commands; each build as much again. A table `[limits.TYPE]`, such as `[limits.web]`, is for each instance of one process type, which may not have more than the whole app. Out of memory, one of its processes is killed, and that is told; V8, the JVM, .NET and Go are told their memory unless the app tells them. A limit above the server's own ceiling is refused, never lowered. User mode enforces none.",
  ),
  static: key(staticPaths.optional(), "URL path = directory, as `[run] static`.", {
    shown: "table of URL path = directory",
  }),
  cli: key(
    z
      .strictObject({
        app: key(
          z.string().refine(isAppName, "is not an app name").optional(),
          "The app that `hop3` means in this folder.",
        ),
      })
      .optional(),
    "For the `hop3` command.",
  ),
  test: key(z.record(z.string(), z.unknown()).optional(), "How the app is tested by Hop3's own tests: free form.", {
    shown: "table",
  }),
  contexts: key(
    z
      .record(
        z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is no name: letters, digits, dots, hyphens, underscores"),
        z.strictObject({
          server: key(text.optional(), "Name under which the server is registered (`hop3 server list`)."),
          app: key(
            z.string().refine(isAppName, "is not an app name").optional(),
            "The app there; else it is found as in any project.",
          ),
          protected: key(
            z.boolean("must be true or false").optional(),
            "Whoever changes something there is asked once more, and types `CONTEXT/APP`.",
            { standard: "`false`" },
          ),
        }),
      )
      .optional(),
    "Several places to deploy to, a table `[contexts.NAME]` each, for the `hop3` command; `hop3 context` manages them.",
    { shown: "table of NAME = table" },
  ),
  port: notBuilt("table", "A second proxied endpoint."),
  ports: notBuilt("list of tables", "Fixed ports of the host: `number`, `protocol`, `name`."),
  backup: notBuilt("table", "`enabled`, `schedule`, `retention`, `paths`, `exclude`."),
  addons: notBuilt("list of tables", "Databases and other services: `type`, `name`, `extensions`, `backup`."),
  provider: notBuilt("list of tables", "The old name of `[[addons]]`."),
  docker: notBuilt("table", "`port`, `runtime`, `build-args`."),
  waf: notBuilt("table", "`enabled`, `mode`, `ruleset`, `allow`, `gate`, `tuning`, `bans`."),
  nix: notBuilt("table", "`template` and its settings."),
  component: notBuilt("list of tables", "Several services of one app."),
  deploy: notBuilt("table", "`strategy`, `health_check`, `rollback`, `artifacts`, `migration`."),
});

export type Hop3Toml = z.output<typeof hop3Toml>;
