/** The end-to-end tests of user mode again, in system mode: what a person sees is the same, whoever the app runs as. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withoutPebble } from "../e2e/pebble.ts";
import { noBrowser } from "../oidc/browser.ts";
import { inOwnHost, withoutOwnHost } from "./own-host.ts";

/** Of the steps at which hop3d is killed, those around what only system mode does; all of them when it is run by hand. */
const killed = "(after:receive|before:build|within:release|within:cut-over)";

const files: readonly (readonly [name: string, pattern?: string | undefined, skip?: string | false])[] = [
  ["every-day"],
  ["https"],
  ["admin-domain", "at a name of its own"],
  ["acme", undefined, withoutPebble()],
  ["run"],
  ["cron"],
  ["volumes"],
  ["secrets"],
  ["logs", "compressed"],
  ["observe"],
  ["reboot"],
  ["single-sign-on", "(somebody new|system status|no secret)", noBrowser],
  ["interrupted-deploys", killed],
];

describe("in system mode", { skip: withoutOwnHost() }, () => {
  for (const [name, pattern, skip = false] of files) {
    it(`test/e2e/${name}.test.ts holds${pattern === undefined ? "" : ` at ${pattern}`}`, { skip }, async () => {
      const only = pattern === undefined ? [] : [`--test-name-pattern=${pattern}`];
      const args = ["--test", "--test-reporter=spec", ...only, join(import.meta.dirname, `../e2e/${name}.test.ts`)];
      const { exitCode, output } = await inOwnHost(args, { env: { HOP3_TEST_MODE: "system" }, seconds: 500 });
      assert.equal(exitCode, 0, output.slice(-8000));
      assert.match(output, /^ℹ pass [1-9]/m);
    });
  }
});
