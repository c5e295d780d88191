/** The house stands by the rules of docs/architecture.md, and each rule is shown to catch what it forbids. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readHouse } from "./layers/read-house.ts";
import { checkHouse, floors, giants, LONG, ruleNames, type Rule } from "./layers/rules.ts";

const house = await readHouse(join(import.meta.dirname, ".."));

describe("the house", () => {
  const violations = checkHouse(house);

  it("was read: every floor that has code, tests and scripts are among the files", () => {
    const paths = [...house.keys()];
    for (const start of [
      "src/core/",
      "src/sys/",
      "src/supervisor/",
      "src/store/",
      "src/plugins/",
      "src/identity/",
      "src/paas/",
      "src/server/",
      "src/cli/",
      "cmd/",
      "test/",
      "scripts/",
      "bench/",
    ]) {
      assert.ok(
        paths.some((path) => path.startsWith(start)),
        `no file below ${start}`,
      );
    }
    assert.ok(paths.length > 100, `only ${paths.length} files were seen`);
    assert.ok(paths.includes("test/layers.test.ts"));
  });

  for (const rule of ruleNames) {
    it(rule, () => {
      const broken = violations.filter((one) => one.rule === rule).map(({ file, detail }) => `${file}: ${detail}`);
      assert.deepEqual(broken, []);
    });
  }

  it("keeps no reason for a giant that shrank", () => {
    for (const path of Object.keys(giants)) {
      assert.ok((house.get(path)?.split("\n").length ?? 0) > LONG, `${path} is no giant any more`);
    }
  });
});

type Planted = {
  readonly what: string;
  readonly rule: Rule;
  readonly at: string;
  readonly files: Readonly<Record<string, string>>;
};

/** One violation each; `at` is the file that must be named. */
const planted: readonly Planted[] = [
  {
    what: "core importing paas",
    rule: "no import upwards",
    at: "src/core/x.ts",
    files: { "src/core/x.ts": `import { y } from "#paas/y.ts";` },
  },
  {
    what: "store importing identity in a type",
    rule: "no import upwards",
    at: "src/store/x.ts",
    files: { "src/store/x.ts": `export type X = import("#identity/y.ts").Y;` },
  },
  {
    what: "server importing cmd by a relative path",
    rule: "no import upwards",
    at: "src/server/x.ts",
    files: { "src/server/x.ts": `import "../../cmd/hop3d.ts";` },
  },
  {
    what: "paas importing access dynamically",
    rule: "no import sideways",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": "export const y = () => import(`#access/y.ts`);" },
  },
  {
    what: "access importing paas",
    rule: "no import sideways",
    at: "src/access/gateway/x.ts",
    files: { "src/access/gateway/x.ts": `export { y } from "#paas/y.ts"; export const z = 1;` },
  },
  {
    what: "a plugin importing the store",
    rule: "no import sideways",
    at: "src/plugins/one/x.ts",
    files: { "src/plugins/one/x.ts": `import type { Y } from "#store/y.ts";` },
  },
  {
    what: "wire importing sys",
    rule: "no import sideways",
    at: "src/wire/tcp/x.ts",
    files: { "src/wire/tcp/x.ts": `import { exec } from "#sys/exec.ts";` },
  },
  {
    what: "a new folder that nobody gave a floor",
    rule: "every folder has a floor",
    at: "src/billing/x.ts",
    files: { "src/billing/x.ts": `export const x = 1;` },
  },
  {
    what: "a relative path into another folder",
    rule: "relative inside a folder, # across folders",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { y } from "../core/y.ts";` },
  },
  {
    what: "a # path inside a folder",
    rule: "relative inside a folder, # across folders",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { y } from "#paas/deploy/y.ts";` },
  },
  {
    what: "production code importing a test's file",
    rule: "no production file imports a test",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { y } from "../../test/contracts/y.ts";` },
  },
  {
    what: "a plugin importing another",
    rule: "no plugin knows another",
    at: "src/plugins/one/x.ts",
    files: { "src/plugins/one/x.ts": `import { y } from "../two/y.ts";` },
  },
  {
    what: "a plugin importing the supervisor",
    rule: "plugins see core and sys only",
    at: "src/plugins/one/x.ts",
    files: { "src/plugins/one/x.ts": `import { y } from "#supervisor/client.ts";` },
  },
  {
    what: "a use case picking a plugin",
    rule: "only cmd chooses plugins",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { plugins } from "#plugins/index.ts";` },
  },
  {
    what: "wire importing anything but core",
    rule: "wire sees core only",
    at: "src/wire/tcp/x.ts",
    files: { "src/wire/tcp/x.ts": `import { y } from "#sys/y.ts";` },
  },
  {
    what: "the daemon loading an npm package two files away",
    rule: "the supervisor's daemon stands on Node alone",
    at: "src/supervisor/x.ts",
    files: {
      "src/supervisor/x.ts": `import { y } from "#core/y.ts";`,
      "src/core/y.ts": `import { z } from "./z.ts"; export const y = z;`,
      "src/core/z.ts": `import { z as zod } from "zod"; export const z = zod;`,
    },
  },
  {
    what: "the daemon's composition root loading an npm package through sys",
    rule: "the supervisor's daemon stands on Node alone",
    at: "cmd/supervisor.ts",
    files: { "cmd/supervisor.ts": `import "#sys/log.ts";`, "src/sys/log.ts": `import { pino } from "pino";` },
  },
  {
    what: "the daemon loading sys",
    rule: "the supervisor's daemon stands on Node alone",
    at: "src/supervisor/x.ts",
    files: { "src/supervisor/x.ts": `import { y } from "#sys/y.ts";` },
  },
  {
    what: "a package loaded by an import of types that is not `import type`",
    rule: "the supervisor's daemon stands on Node alone",
    at: "src/supervisor/x.ts",
    files: { "src/supervisor/x.ts": `import { type z } from "zod";` },
  },
  {
    what: "the agent reaching the store through a neighbour",
    rule: "the agent knows neither store nor gateway",
    at: "src/access/agent/x.ts",
    files: { "src/access/agent/x.ts": `import "../y.ts";`, "src/access/y.ts": `import "#store/z.ts";` },
  },
  {
    what: "the agent importing the gateway",
    rule: "the agent knows neither store nor gateway",
    at: "src/access/agent/x.ts",
    files: { "src/access/agent/x.ts": `import "../gateway/y.ts";` },
  },
  {
    what: "a row type in a use case",
    rule: "row types never leave the store",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import type { AppRow } from "#store/apps.ts";` },
  },
  {
    what: "the tables in a use case",
    rule: "row types never leave the store",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import type { Database } from "#store/tables.ts";` },
  },
  {
    what: "a query outside the store",
    rule: "row types never leave the store",
    at: "src/server/x.ts",
    files: { "src/server/x.ts": `import { sql } from "kysely";` },
  },
  {
    what: "a use case reading process.env",
    rule: "only cmd reads the process",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `export const x = process.env["HOME"];` },
  },
  {
    what: "a use case reading the environment by import",
    rule: "only cmd reads the process",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { env } from "node:process";` },
  },
  {
    what: "a use case exiting",
    rule: "only cmd reads the process",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `const { exit } = process; exit(1);` },
  },
  {
    what: "a use case starting a child process",
    rule: "child processes start in one place",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `import { spawn } from "node:child_process";` },
  },
  {
    what: "an import that nobody can follow",
    rule: "every import can be followed",
    at: "src/paas/x.ts",
    files: { "src/paas/x.ts": `export const x = (name: string) => import(name);` },
  },
  { what: "any", rule: "no any", at: "src/core/x.ts", files: { "src/core/x.ts": `export const x = (y: any[]) => y;` } },
  {
    what: "a file of exports from elsewhere",
    rule: "no barrels",
    at: "src/core/x.ts",
    files: { "src/core/x.ts": `export * from "./y.ts"; export const z = 1;` },
  },
  {
    what: "an index file",
    rule: "no barrels",
    at: "src/core/api/index.ts",
    files: { "src/core/api/index.ts": `export const x = 1;` },
  },
  {
    what: "a file named utils",
    rule: "files are named by what they hold",
    at: "src/core/string-utils.ts",
    files: { "src/core/string-utils.ts": `export const x = 1;` },
  },
  {
    what: "a folder named helpers",
    rule: "files are named by what they hold",
    at: "src/core/helpers/x.ts",
    files: { "src/core/helpers/x.ts": `export const x = 1;` },
  },
  {
    what: "a manager",
    rule: "files are named by what they hold",
    at: "src/paas/app-manager.ts",
    files: { "src/paas/app-manager.ts": `export const x = 1;` },
  },
  {
    what: "a name in camel case",
    rule: "files are named by what they hold",
    at: "src/paas/appQueue.ts",
    files: { "src/paas/appQueue.ts": `export const x = 1;` },
  },
  {
    what: "a cycle through types",
    rule: "no import cycles",
    at: "src/core/x.ts",
    files: {
      "src/core/x.ts": `import type { Y } from "./y.ts"; export type X = Y;`,
      "src/core/y.ts": `import { z } from "./z.ts"; export type Y = typeof z;`,
      "src/core/z.ts": `import type { X } from "./x.ts"; export const z: X = 1;`,
    },
  },
  {
    what: "a long file without a reason",
    rule: "long files have a reason",
    at: "src/core/x.ts",
    files: { "src/core/x.ts": "export {};\n".repeat(LONG + 1) },
  },
];

describe("a planted violation is reported", () => {
  for (const { what, rule, at, files } of planted) {
    it(`${what}: ${rule}`, () => {
      const found = checkHouse(new Map(Object.entries(files)));
      assert.ok(
        found.some((one) => one.rule === rule && one.file === at),
        `nothing of the kind among ${JSON.stringify(found)}`,
      );
    });
  }

  it("for every rule there is", () => {
    assert.deepEqual(
      ruleNames.filter((rule) => !planted.some((one) => one.rule === rule)),
      [],
    );
  });

  it("and for each neighbour on a floor, in both directions", () => {
    for (const [one, other] of floors.flatMap((floor) =>
      floor.flatMap((a) => floor.filter((b) => b !== a).map((b) => [a, b])),
    )) {
      const found = checkHouse(new Map([[`src/${one}/x.ts`, `import "#${other}/y.ts";`]]));
      assert.ok(
        found.some(({ rule }) => rule === "no import sideways"),
        `${one} -> ${other}`,
      );
    }
  });
});

describe("what the rules allow is not reported", () => {
  const allowed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "a use case standing on lower floors": {
      "src/paas/x.ts": `import { a } from "#core/a.ts"; import { b } from "#store/b.ts"; import { can } from "#identity/can.ts";`,
    },
    "the daemon naming types of what loads packages": {
      "src/supervisor/x.ts": `import type { Y } from "#core/y.ts"; import type { Clock } from "#sys/clock.ts";`,
      "src/core/y.ts": `import { z } from "zod"; export type Y = z.ZodType;`,
    },
    "a composition root reading and exiting": { "cmd/hop3.ts": `process.exit(process.argv.length);` },
    "the words of a rule in comments and strings": {
      "src/paas/x.ts": `// process.env, any, import("#access/y.ts")\nexport const x = 'import y from "#access/y.ts"; process.env';`,
    },
    "the list of plugins": { "src/plugins/index.ts": `export { one } from "./one/index.ts";` },
    "a test starting processes": {
      "src/paas/x.test.ts": `import { spawn } from "node:child_process"; process.env["A"] = "b";`,
    },
  };
  for (const [what, files] of Object.entries(allowed)) {
    it(what, () => assert.deepEqual(checkHouse(new Map(Object.entries(files))), []));
  }
});
