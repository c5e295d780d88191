/** No key of hop3.toml is read and then ignored: each built one changes what is built or run, each other one is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../errors.ts";
import { shapeOf } from "./hop3-toml.ts";
import { readAppSpec } from "./read.ts";
import { hop3Toml } from "./schema.ts";
import { keyMeta } from "./schema-key.ts";
import { memoryFiles } from "./testing.ts";

const read = (text: string) => readAppSpec(memoryFiles({ "hop3.toml": text }));

/** Every key that the schema has, as `section` or `section.key`. */
const keys = Object.entries(hop3Toml.shape).flatMap(([section, type]) => {
  const shape = shapeOf(type);
  if (shape === undefined) return [{ name: section, later: keyMeta(type).notBuilt === true }];
  return Object.entries(shape).map(([key, child]) => ({
    name: `${section}.${key}`,
    later: keyMeta(child).notBuilt === true,
  }));
});

/** What is said to people, to the `hop3` command, or to Hop3's own tests, and changes no app. `auto` and `local` are one. */
const noEffect = /^(metadata\.(?!id)|cli\.app$|contexts$|test$|build\.builder$)/;

/** A line that must change the app's description, by the key that it gives. */
const effects: Readonly<Record<string, string>> = {
  "metadata.id": 'id = "blog"',
  "build.toolchain": 'toolchain = "node"',
  "build.directory": 'directory = "web"',
  "build.before-build": 'before-build = "a"',
  "build.build": 'build = "a"',
  "build.after-build": 'after-build = "a"',
  "build.test": 'test = "a"',
  "build.network": "network = false",
  "build.pip-install": 'pip-install = ["a"]',
  "build.node-version": "node-version = 22",
  "build.ignore": 'ignore = ["a"]',
  "cron.name": 'name = "a"',
  "cron.schedule": 'schedule = "@daily"',
  "cron.command": 'command = "a"',
  "cron.timezone": 'timezone = "Europe/Berlin"',
  "cron.overlap": 'overlap = "allow"',
  "cron.timeout": "timeout = 7",
  "volumes.name": 'name = "a"',
  "volumes.target": 'target = "a"',
  "volumes.type": 'type = "tmpfs"\nsize = "1M"',
  "volumes.size": 'type = "tmpfs"\nsize = "2M"',
  "volumes.source": 'type = "bind"\nsource = "/a"',
  "volumes.mode": 'mode = "ro"',
  "run.start": 'start = "a"',
  "run.before-run": 'before-run = "a"',
  "run.start-timeout": "start-timeout = 7",
  "run.keep-warm": "keep-warm = 0",
  "run.restart": 'restart = { web = "never" }',
  "run.static": 'static = { "/a" = "b" }',
  "run.healthcheck": 'healthcheck = "/a"',
  "run.healthcheck-timeout": 'healthcheck = "/"\nhealthcheck-timeout = 7',
  "run.workers": 'workers = { mail = "a" }',
  "healthcheck.path": 'path = "/a"',
  "healthcheck.http_method": 'path = "/"\nhttp_method = "HEAD"',
  "healthcheck.expected_status": 'path = "/"\nexpected_status = [204, "300-399"]',
  "healthcheck.command": 'command = "a"',
  "healthcheck.socket": "socket = true",
  "healthcheck.start_period": 'path = "/"\nstart_period = 7',
  "healthcheck.success_threshold": 'path = "/"\nsuccess_threshold = 7',
  "healthcheck.timeout": 'path = "/"\ntimeout = 7',
  "healthcheck.interval": 'path = "/"\ninterval = 7',
  "healthcheck.retries": 'path = "/"\nretries = 7',
  "limits.memory": 'memory = "64M"',
  "limits.cpu": "cpu = 0.5",
  "limits.processes": "processes = 20",
  "limits.open-files": "open-files = 100",
  "limits.disk": 'disk = "1G"',
  "limits.inodes": "inodes = 1000",
  "limits.mode": 'cpu = 1\nmode = "best-effort"',
  "domains.list": 'list = ["a.example.com"]',
  env: 'A = "b"',
  static: '"/a" = "b"',
};

/** What a table of a list must have; a line that is tried takes the place of its own key. */
const needed: Readonly<Record<string, readonly string[]>> = {
  cron: ['name = "x"', 'schedule = "@hourly"', 'command = "b"'],
  volumes: ['name = "x"', 'target = "b"'],
};

function listed(section: string, lines: readonly string[]): string {
  const keyOf = (line: string) => line.split(" =")[0];
  const base = needed[section]?.filter((line) => !lines.some((one) => keyOf(one) === keyOf(line))) ?? [];
  return `[[${section}]]\n${[...base, ...lines].join("\n")}\n`;
}

describe("each key of hop3.toml that is built", () => {
  it("is among those that are tried here", () => {
    const built = keys.filter(({ name, later }) => !later && !noEffect.test(name)).map(({ name }) => name);
    assert.deepEqual(Object.keys(effects).toSorted(), built.toSorted());
  });

  for (const [name, lines] of Object.entries(effects)) {
    it(`is obeyed: ${name}`, () => {
      const [section = "", key] = name.split(".");
      if (section in needed) return assert.notDeepEqual(read(listed(section, [lines])), read(listed(section, [])));
      const sets = (line: string) => key !== undefined && line.startsWith(`${key} =`);
      const without = key === undefined ? [] : lines.split("\n").filter((line) => !sets(line));
      assert.notDeepEqual(
        read(`[${section}]\n${lines}\n`),
        read(without.length === 0 ? "" : `[${section}]\n${without.join("\n")}\n`),
      );
    });
  }
});

describe("each key of hop3.toml that is not built", () => {
  for (const { name } of keys.filter(({ later }) => later)) {
    it(`is refused by name: ${name}`, () => {
      const [section = "", key] = name.split(".");
      const path = section === "healthcheck" ? 'path = "/"\n' : "";
      const table = key === undefined ? `[${section}]\n` : `[${section}]\n${path}${key} = "a"\n`;
      const isListed = key !== undefined && section in needed;
      const text = isListed ? listed(section, [`${key} = "a"`]) : table;
      assert.throws(
        () => read(text),
        (error) =>
          error instanceof AppError &&
          error.code === "NOT_BUILT_YET" &&
          error.message.includes(`\`${isListed ? `${section}[0].${key}` : name}\``),
      );
    });
  }
});
